"""CARE in two stages, the concept detector first, on the built-in toy videos."""

_base_ = ["toy.py", "_two_stages.py"]

phases = dict(concepts=dict(epochs=3), caption=dict(epochs=7))
