"""The three masks. vidcap sweep swinbert/toy --grid plugins/swinbert/configs/_masks.py --seeds 3 -o DIR"""

rows = {
    "soft": {},
    "hard": {"head.mask": "hard"},
    "full": {"head.mask": "full", "phases.caption.losses": ["tokens"]},
}
