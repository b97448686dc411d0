"""The four heads as rows: `vidcap sweep classics/msvd_part --grid plugins/classics/configs/_grid.py --seeds 3`."""

rows = {
    "SA-LSTM": {},
    "S2VT": {"head.type": "classics.S2VT"},
    "SGN": {"head.type": "classics.SGN"},
    "CLIP4Caption": {"head.type": "classics.CLIP4Caption", "head.heads": 8, "head.layers": 2},
}
