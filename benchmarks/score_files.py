"""What the benchmarks of the scorer share: the folders, MSR-VTT as files, the machine."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("VIDCAP_SHARED_DATA", ROOT.parent / "shared" / "data"))


def write_files(folder: Path) -> tuple[Path, Path]:
    """Predictions as COCO results, references as the official annotation file."""
    import gzip
    import zipfile

    oracle = json.loads(
        gzip.decompress((SHARED / "oracles" / "msrvtt_chris5zk_test_pred.json.gz").read_bytes())
    )
    predictions = [{"image_id": one["video_id"], "caption": one["pred"]} for one in oracle.values()]
    (folder / "predictions.json").write_text(json.dumps(predictions))
    with zipfile.ZipFile(SHARED / "msrvtt" / "test_videodatainfo.json.zip") as archive:
        archive.extract("test_videodatainfo.json", folder)
    return folder / "predictions.json", folder / "test_videodatainfo.json"


def machine() -> dict[str, Any]:
    """Where it was measured."""
    import numpy

    java = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr.split(
        "\n"
    )[0]
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "java": java,
        "load": os.getloadavg()[0],
        "date": time.strftime("%Y-%m-%d"),
    }
