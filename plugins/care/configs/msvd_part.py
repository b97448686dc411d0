"""CARE on the part of MSVD with real features."""

_base_ = ["_base.py", "_part.py"]

head = dict(concepts=100, top=15)
generate = dict(max_length=20)
