"""ActivityNet Captions as the public code behaves, but with one joint update a batch (`joint_step`)."""

_base_ = ["activitynet.py"]

phases = [
    dict(name="count", epochs=10, losses=["full"], freeze=["head.localiser"], keep="count", best=False),
    dict(
        name="locate", epochs=10, losses=["positive", "negative", "diversity"], optimizer="keep", best=False
    ),
]
