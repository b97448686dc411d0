"""YouCook2 with the mends; recipes have more steps than 16."""

_base_ = ["_youcook2.py", "_improved.py"]

head = dict(queries=24, max_events=24)
phases = [
    dict(name="count", epochs=5, losses=["full"], freeze=["head.localiser", "head.encoder.blank"], best=False),
    dict(name="locate", epochs=15, optimizer="keep", best=False,
         losses=["full", "positive", "negative", "diversity", "width", "overlap", "entropy", "clamped"]),
]  # fmt: skip
