"""The feed-forward mapper without queries."""

_base_ = ["msvd_part.py"]

head = dict(mapper="ffn")
