"""Which streams SPECTRUM reads, as the paper's table on MSVD and MSR-VTT has it; the configs themselves are V+A+T.

vidcap sweep spectrum/msrvtt --grid plugins/spectrum/configs/_grid.py --seeds 3 --split test -o DIR
"""

_VAT = dict(image=512, motion=2048, audio=128, retrieved=512)


def _row(*streams):
    changes = {"head.streams": {name: _VAT[name] for name in streams}}
    for split in ("train", "val", "test"):
        changes[f"data.{split}.streams"] = list(streams)
        changes[f"data.{split}.optional"] = ["audio"] if "audio" in streams else []
    return changes if "retrieved" in streams else {**changes, "encoders": {}}


rows = {
    "V": _row("image", "motion"),
    "V+A": _row("image", "motion", "audio"),
    "V+T": _row("image", "motion", "retrieved"),
    "V+A+T": {},
}
