"""Baseline at full size on MSR-VTT (2016): the core's GRU on CLIP ViT-B/32, 20 epochs as srvc_la's. For a GPU."""

_base_ = ["vidcap://datasets/msrvtt.py", "_full.py"]

phases = dict(caption=dict(epochs=20, losses=["tokens"]))
