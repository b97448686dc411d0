"""MSVD with the paper's schedule: 14910 steps of 16."""

_base_ = ["msvd.py", "_paper.py"]

phases = dict(align=dict(steps=7455), caption=dict(steps=14910))
runtime = dict(batch=16)
