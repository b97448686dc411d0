"""How long to train: three budgets, each four times the one before, by five-fold cross-validation on MSVD's part.

A budget is the captions seen: 40, 160 and 640 epochs of one random caption a clip, in batches of 32. Stated before the
runs: of two neighbours the larger is chosen where its gain is beyond chance, paired over clips; else the smaller.
"""

folds = 5
seeds = 1
split = "val"
origin = "core:x1"
changes = {"evaluate.metrics": ["bleu", "meteor", "rouge", "cider-d"], "runtime.batch": 32}
_epochs = dict(x1=40, x4=160, x16=640)
_one = {name: {"phases.caption.epochs": count} for name, count in _epochs.items()}
_two = {
    name: {"phases.high.epochs": count // 2, "phases.low.epochs": count // 2}
    for name, count in _epochs.items()
}
sweeps = dict(
    core=dict(config="core/msvd_part", rows=_one),
    srvc_la=dict(config="srvc_la/msvd_part", rows=_one),
    spectrum=dict(config="spectrum/msvd_part", rows=_two),
)
