"""A0 on MSR-VTT, the row that the method's ideas are added to: no context, no attention, one branch. For a GPU."""

_base_ = ["msrvtt.py", "_a0.py"]
