"""All captioners of the zoo on the built-in toy videos, at one small budget: 176 updates of 16 captions, three seeds.

The budget was stated before the runs, and is what two busy cores can do for all rows in an hour; it says who learns
fast, not who learns well. mffcl has its updates in both phases. SPECTRUM's toy clips are
others, which tell moods, and methods that find events have tables of their own (their plugins): captions of whole
clips say nothing about them.
"""

folds = None
seeds = 3
split = "val"
origin = "core:transformer"
changes = {
    "data.val.split": "test",  # training ends with the scores of `val`: nothing is chosen by them
    "runtime.batch": 16,
    "evaluate.panels": 0,
    "evaluate.every": 0,
    "evaluate.best": None,
    "evaluate.metrics": ["bleu", "meteor", "rouge", "cider-d"],
}
_one = {"phases.caption.epochs": 1}
sweeps = {
    "core": {
        "config": "core/toy",
        "rows": {
            "transformer": _one,
            "gru": {**_one, "head": {"type": "MeanPoolGRU", "streams": {"image": 320, "motion": 128}}},
        },
    },
    "care": {
        "config": "care/toy",
        "rows": {
            "care": _one,
            "cabase": {**_one, "head.guidance": "attention"},
            "arb": {
                **_one,
                "head.guidance": "none",
                "head.encoder": "gated",
                "phases.caption.losses": ["tokens"],
            },
        },
    },
    "nacf": {"config": "care/toy_nacf", "rows": {"nacf": _one}},
    "s2vt": {"config": "classics/toy_s2vt", "rows": {"s2vt": _one}},
    "sa_lstm": {"config": "classics/toy", "rows": {"sa_lstm": _one}},
    "sgn": {"config": "classics/toy_sgn", "rows": {"sgn": _one}},
    "clip4caption": {"config": "classics/toy_clip4caption", "rows": {"clip4caption": _one}},
    "srvc_la": {"config": "srvc_la/toy", "rows": {"srvc_la": _one}},
    "mffcl": {
        "config": "mffcl/toy",
        "rows": {"mffcl": {"phases.align.epochs": 2, "phases.caption.epochs": 4}},
    },
    "swinbert": {"config": "swinbert/toy", "rows": {"swinbert": {"phases.caption.epochs": 6}}},
}
