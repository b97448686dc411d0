"""SwinBERT on VATEX at paper size. For a GPU, and with a file of Video Swin-B's weights."""

_base_ = ["vidcap://datasets/vatex.py", "_paper.py"]
