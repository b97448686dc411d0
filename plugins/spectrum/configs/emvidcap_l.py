"""SPECTRUM on EmVidCap, part L; the weights are chosen by CFS on clips held out of training."""

_base_ = ["_emvidcap.py", "vidcap://datasets/emvidcap_l.py"]
