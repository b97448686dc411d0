"""ARB, the teacher of NACF, on the built-in toy videos: left to right, without concepts."""

_base_ = ["toy.py"]

head = dict(guidance="none", encoder="gated")
phases = dict(caption=dict(losses=["tokens"]))
