"""CABase on the built-in toy videos: concepts have an attention of their own."""

_base_ = ["toy.py"]

head = dict(guidance="attention")
