"""YouCook2, as the public code behaves, with 5 + 15 epochs."""

_base_ = ["_youcook2.py"]

phases = [
    dict(name="count", epochs=5, losses=["full"], freeze=["head.localiser"], keep="count", best=False),
    dict(name="locate", epochs=15, updates=[["positive", "diversity"], ["negative", "diversity"]],
         optimizer="keep", best=False),
]  # fmt: skip
