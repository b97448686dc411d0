"""SwinBERT on MSVD at paper size. For a GPU, and with a file of Video Swin-B's weights."""

_base_ = ["vidcap://datasets/msvd.py", "_paper.py"]
