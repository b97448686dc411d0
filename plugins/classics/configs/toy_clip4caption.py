"""The CLIP4Caption-style Transformer on the built-in toy videos."""

_base_ = ["_toy.py"]

head = dict(type="classics.CLIP4Caption", heads=4, layers=2)
