"""What the configs of factual captions share."""

_base_ = ["_streams.py"]

head = dict(emotions="seen")
