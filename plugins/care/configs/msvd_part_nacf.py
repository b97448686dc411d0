"""NACF on the part of MSVD with real features."""

_base_ = ["_nacf.py", "_part.py"]

generate = dict(max_length=20)
