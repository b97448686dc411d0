"""Made-up videos as the public code behaves; frames are projected."""

_base_ = ["_base.py", "_made_up.py"]

phases = [
    dict(name="count", steps=700, losses=["full"], freeze=["head.localiser"], keep="count", best=False),
    dict(name="locate", steps=400, updates=[["positive", "diversity"], ["negative", "diversity"]],
         optimizer="keep", best=False),
]  # fmt: skip
