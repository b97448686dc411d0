"""Long toy videos as the public code behaves; frames are projected, as theirs are not as wide as the language model."""

_base_ = ["_base.py", "_toy.py"]

phases = [
    dict(name="count", epochs=20, losses=["full"], freeze=["head.localiser"], keep="count", best=False),
    dict(name="locate", epochs=30, updates=[["positive", "diversity"], ["negative", "diversity"]],
         optimizer="keep", best=False),
]  # fmt: skip
