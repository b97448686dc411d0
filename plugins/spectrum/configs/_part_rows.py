"""Rows on the part of MSVD.

vidcap sweep spectrum/msvd_part --grid plugins/spectrum/configs/_part_rows.py --seeds 3 --split test -o DIR
"""

_BASELINE = {
    "head.vtai": False,
    "head.aeb": False,
    "head.cfb": False,
    "head.streams": dict(image=1280, motion=359),
    "phases.high.losses": ["tokens"],
    "phases.low.losses": ["tokens"],
    "phases.low.groups.0.parts": ["head.encoders"],
}

rows = {
    "baseline": _BASELINE,
    "retrieval": {key: value for key, value in _BASELINE.items() if key != "head.streams"},
    "aeb": {"head.cfb": False},
    "cfb": {"head.aeb": False},
    "full": {},
    "full-no-retrieval": {"head.streams": dict(image=1280, motion=359)},
}
