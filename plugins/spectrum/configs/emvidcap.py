"""SPECTRUM on EmVidCap, S and L together; the weights are chosen by CFS on clips held out of training."""

_base_ = ["_emvidcap.py", "vidcap://datasets/emvidcap.py"]
