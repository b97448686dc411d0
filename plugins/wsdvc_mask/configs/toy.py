"""Long toy videos with the mends: minutes on two cores, nothing is downloaded."""

_base_ = ["_base.py", "_improved.py", "_toy.py"]

head = dict(dropout=0.0)
phases = [
    dict(name="count", epochs=20, losses=["full"], freeze=["head.localiser", "head.encoder.blank"], best=False),
    dict(name="locate", epochs=30, optimizer="keep", best=False,
         losses=["full", "positive", "negative", "diversity", "width", "overlap", "entropy", "clamped"]),
]  # fmt: skip
