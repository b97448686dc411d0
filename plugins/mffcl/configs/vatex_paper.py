"""VATEX with the paper's schedule: 113350 steps of 6."""

_base_ = ["vatex.py", "_paper.py"]

phases = dict(align=dict(steps=56675), caption=dict(steps=113350))
runtime = dict(batch=6)
