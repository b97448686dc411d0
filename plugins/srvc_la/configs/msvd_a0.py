"""A0 on MSVD, the row that the method's ideas are added to: no context, no attention, one branch. For a GPU."""

_base_ = ["msvd.py", "_a0.py"]
