"""A pretrained model's image processor as an asset: its settings alone, of which it is built again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from transformers import AutoImageProcessor, BaseImageProcessor

from vidcap_core.errors import CheckpointError
from vidcap_core.heads.model_config import check_no_code, without_code

FILES = ("preprocessor_config.json", "processor_config.json")
"""Where a model's folder has the settings of its image processor."""

KIND = re.compile(r"(?!Auto)\w+ImageProcessor(Fast|Pil)?")
"""How transformers names its image processors; `image_processor_type` could name any other of its classes."""


class ProcessorConfig(dict[str, Any]):
    """All that an image processor of transformers is, as plain data."""

    @classmethod
    def of(cls, processor: BaseImageProcessor) -> ProcessorConfig:
        """Of one that is there, with what its folder left to the library's defaults."""
        return cls(without_code(json.loads(processor.to_json_string())))

    def build(self) -> BaseImageProcessor:
        """The image processor; its class is one of transformers."""
        check_no_code(self)
        kind = self.get("image_processor_type")
        if not isinstance(kind, str) or not KIND.fullmatch(kind):
            raise CheckpointError(f"a stored image processor is a '{kind}', which is none of transformers")
        try:
            with TemporaryDirectory() as folder:  # only so does transformers choose what runs on this machine
                (Path(folder) / FILES[0]).write_text(json.dumps(self), encoding="utf-8")
                made = AutoImageProcessor.from_pretrained(
                    folder, trust_remote_code=False, local_files_only=True
                )
        except Exception as error:  # whatever a processor's own code raises
            first = str(error).partition("\n")[0]
            raise CheckpointError(
                f"no image processor can be built of the settings that are stored: {first}"
            ) from error
        if not isinstance(made, BaseImageProcessor) or not type(made).__module__.startswith("transformers."):
            raise CheckpointError(f"a stored image processor is a '{kind}', which is none of transformers")
        return made
