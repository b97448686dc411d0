"""Table IV: a prompt of 10 instead of 50 positions."""

_base_ = ["msvd.py"]

head = dict(prompt_length=10)
