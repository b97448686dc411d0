"""Long toy videos with our changes: minutes on two cores, nothing is downloaded."""

_base_ = ["_base.py", "_improved.py", "_toy.py"]

head = dict(dropout=0.0)
phases = dict(count=dict(epochs=20), locate=dict(epochs=30))
