"""Full, CFB alone, AEB alone and the baseline, on toy clips.

vidcap sweep spectrum/toy --grid plugins/spectrum/configs/_toy_rows.py --seeds 3 --split test -o DIR
"""

rows = {
    "baseline": {
        "head.vtai": False,
        "head.aeb": False,
        "head.cfb": False,
        "head.streams": dict(image=320, motion=128),
        "phases.high.losses": ["tokens"],
        "phases.low.losses": ["tokens"],
        "phases.low.groups.0.parts": ["head.encoders"],
    },
    "aeb": {"head.cfb": False},
    "cfb": {"head.aeb": False},
    "full": {},
}
