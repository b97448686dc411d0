"""SPECTRUM on MSR-VTT: attributes of emotion are those that training captions say three times or more."""

_base_ = ["_factual.py", "vidcap://datasets/msrvtt.py"]

tokenizer = dict(min_count=3)
