"""EmVidCap-S."""

_base_ = ["vidcap://datasets/emvidcap.py"]

data = dict(
    train=dict(part="S"),
    val=dict(part="S"),
    test=dict(part="S"),
)
