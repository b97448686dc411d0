"""SPECTRUM on MSVD: attributes of emotion are those that training captions say three times or more."""

_base_ = ["_factual.py", "vidcap://datasets/msvd.py"]

tokenizer = dict(min_count=3)
