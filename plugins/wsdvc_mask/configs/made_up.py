"""Made-up videos with the mends: about a minute of one core, and its report shows masks that found their events."""

_base_ = ["_base.py", "_improved.py", "_made_up.py"]

phases = [
    dict(name="count", steps=700, losses=["full"], freeze=["head.localiser", "head.encoder.blank"], best=False),
    dict(name="locate", steps=400, optimizer="keep", best=False,
         losses=["full", "positive", "negative", "diversity", "width", "overlap", "entropy", "clamped"]),
]  # fmt: skip
