"""MSVD with the stable recipe; the paper's own schedule is msvd_paper. Base of the ablations."""

_base_ = ["vidcap://datasets/msvd.py", "_base.py", "_two.py"]
