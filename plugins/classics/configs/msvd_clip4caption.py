"""The CLIP4Caption-style Transformer on MSVD, paper size. For a GPU."""

_base_ = ["_msvd.py"]

head = dict(type="classics.CLIP4Caption")
