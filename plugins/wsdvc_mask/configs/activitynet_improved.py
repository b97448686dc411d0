"""ActivityNet Captions with our changes."""

_base_ = ["_activitynet.py", "_base.py", "_improved.py"]
