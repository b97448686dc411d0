"""PDVC_light on ActivityNet Captions: the captioner reads a query alone, and texts weigh less in scores. For a GPU."""

_base_ = ["activitynet.py"]

head = dict(captioner="light", text_weight=0.3)
