"""NACF, small, on the built-in toy videos: a minute or two on two cores."""

_base_ = ["_nacf.py", "_toy.py"]

phases = dict(caption=dict(epochs=10))
