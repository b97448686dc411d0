"""Baseline at full size on MSVD: the core's GRU on CLIP ViT-B/32, 30 epochs as srvc_la's. For a GPU."""

_base_ = ["vidcap://datasets/msvd.py", "_full.py"]

phases = dict(caption=dict(epochs=30, losses=["tokens"]))
