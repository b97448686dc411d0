"""MSR-VTT with the paper's schedule: 25320 steps of 8."""

_base_ = ["msrvtt.py", "_paper.py"]

phases = dict(align=dict(steps=12660), caption=dict(steps=25320))
runtime = dict(batch=8)
