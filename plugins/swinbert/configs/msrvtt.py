"""SwinBERT on MSR-VTT at paper size. For a GPU, and with a file of Video Swin-B's weights."""

_base_ = ["vidcap://datasets/msrvtt.py", "_paper.py"]
