"""Table IV: a prompt of 30 instead of 50 positions."""

_base_ = ["msvd.py"]

head = dict(prompt_length=30)
