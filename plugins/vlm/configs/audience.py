"""For a person who cannot see the video: what matters first."""

_base_ = ["vlm/caption"]

head = dict(prompt="audience", sentences=None)
generate = dict(max_length=200)
