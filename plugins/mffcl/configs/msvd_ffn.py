"""Table V: a feed-forward mapper without queries; the sequence itself is the prompt."""

_base_ = ["msvd.py"]

head = dict(mapper="ffn")
