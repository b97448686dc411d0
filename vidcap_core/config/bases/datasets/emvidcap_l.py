"""EmVidCap-L."""

_base_ = ["vidcap://datasets/emvidcap.py"]

data = dict(
    train=dict(part="L"),
    val=dict(part="L"),
    test=dict(part="L"),
)
