"""YouCook2, as the public code behaves, with 5 + 15 epochs."""

_base_ = ["_youcook2.py"]

phases = dict(count=dict(epochs=5), locate=dict(epochs=15))
