"""The newer methods on MSVD's part, beside the core's two: three seeds, the 86 test clips scored once.

Budget: 160 epochs of one random caption a clip in batches of 32 (about 1,400 updates), the middle one of
benchmarks/rows/budget.py; swinbert learns from pixels of 48 x 48, the others from features. Stated before any run:
about 3 processor minutes a run from features and 15 from pixels, 30 runs.
"""

folds = None
seeds = 3
split = "test"
origin = "core:transformer"
changes = {"runtime.batch": 32, "evaluate.metrics": ["bleu", "meteor", "rouge", "cider-d"]}
_one = {"phases.caption.epochs": 160}
_transformer = dict(
    type="SmallTransformer",
    streams=dict(image_std=1280, motion_std=359),
    width=256,
    layers=2,
    dropout=0.1,
)
_classics = {
    "s2vt": {**_one, "head.type": "classics.S2VT"},
    "sa_lstm": _one,
    "sgn": {**_one, "head.type": "classics.SGN"},
    "clip4caption": {
        **_one,
        "head.type": "classics.CLIP4Caption",
        "head.heads": 8,
        "head.layers": 2,
    },
}
sweeps = dict(
    core=dict(
        config="core/msvd_part",
        rows={"transformer": {**_one, "head": _transformer, "optimizer.lr": 5e-4}, "gru": _one},
    ),
    care=dict(config="care/msvd_part", rows={"care": _one, "cabase": {**_one, "head.guidance": "attention"}}),
    nacf=dict(config="care/msvd_part_nacf", rows={"nacf": _one}),
    classics=dict(config="classics/msvd_part", rows=_classics),
    swinbert=dict(config="swinbert/msvd_part", rows={"swinbert": _one}),
)
