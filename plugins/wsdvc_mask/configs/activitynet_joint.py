"""ActivityNet Captions as the public code behaves, but with one joint update a batch."""

_base_ = ["activitynet.py"]

phases = dict(locate=dict(losses=["positive", "negative", "diversity"]))
