"""ActivityNet Captions, as the public code behaves."""

_base_ = ["_activitynet.py", "_base.py"]
