"""SGN-style grouping on the built-in toy videos."""

_base_ = ["_toy.py"]

head = dict(type="classics.SGN")
