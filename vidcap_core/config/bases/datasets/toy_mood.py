"""Toy clips whose captions tell the emotion."""

_base_ = ["vidcap://datasets/toy.py"]

data = dict(
    train=dict(mood=True),
    val=dict(mood=True),
    test=dict(mood=True),
)
