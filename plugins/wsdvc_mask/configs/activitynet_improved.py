"""ActivityNet Captions with the mends."""

_base_ = ["_activitynet.py", "_base.py", "_improved.py"]
