"""SwinBERT, small, from the frames of the built-in toy videos; nothing is downloaded."""

_base_ = ["vidcap://datasets/toy.py", "_small.py"]

phases = dict(caption=dict(epochs=60, groups=[]))
optimizer = dict(lr=1e-3, weight_decay=0.01)
evaluate = dict(every=20)
runtime = dict(batch=32, log_every=15)
