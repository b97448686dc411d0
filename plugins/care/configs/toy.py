"""CARE, small, on the built-in toy videos: a minute or two on two cores."""

_base_ = ["_base.py", "_toy.py"]

head = dict(concepts=40, top=8)
phases = dict(caption=dict(epochs=10))
generate = dict(beam=3, max_length=23)
