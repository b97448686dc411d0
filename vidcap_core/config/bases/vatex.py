"""Baseline at full size on VATEX, English captions: the GRU on CLIP ViT-B/32, 20 epochs as on MSR-VTT. For a GPU."""

_base_ = ["vidcap://datasets/vatex.py", "_full.py"]

phases = dict(caption=dict(epochs=20, losses=["tokens"]))
