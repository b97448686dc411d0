"""The ablation, first part: what each idea adds.

vidcap sweep srvc_la/msvd_part --grid plugins/srvc_la/configs/_grid.py --seeds 3 --split test -o sweeps/srvc_la
"""

_one = {"head.branches": "visual"}

rows = {
    "A0": {
        **_one,
        "head.vrc_concat": "none",
        "head.use_la": False,
    },  # mean-pooled Transformer features + LSTM
    "A1": {**_one, "head.vrc_concat": "none"},  # attention alone
    "A2": {**_one, "head.use_la": False},  # the regularised context alone
    "A3": _one,  # both, in one branch
    "A3l": {"head.branches": "language"},
    "A4": {"head.vrc_concat": "none"},  # two branches without the regularised context
    "A5": {},  # the full model
    "A6": {  # the other reading of the concatenation, with the attention that stays on frames
        "head.vrc_concat": "seq",
        "phases.caption.losses": ["words", "effective_frames", "frame_mass"],
    },
}
