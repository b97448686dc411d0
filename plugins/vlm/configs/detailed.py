"""A paragraph a clip: who, where, what in which order."""

_base_ = ["vlm/caption"]

head = dict(prompt="detailed", sentences=None)
generate = dict(max_length=300)
