"""A prompt of 50 instead of 30 positions."""

_base_ = ["msvd_part.py"]

head = dict(prompt_length=50)
