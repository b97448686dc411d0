"""A few toy clips, for tests and continuous integration."""

_base_ = ["vidcap://datasets/toy.py"]

data = dict(
    train=dict(size="small"),
    val=dict(size="small"),
    test=dict(size="small"),
)
