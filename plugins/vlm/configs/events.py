"""Events with their times: JSON is asked for, parsed strictly, and its spans are checked."""

_base_ = ["vlm/caption"]

head = dict(prompt="events", sentences=None)
generate = dict(max_length=600)
