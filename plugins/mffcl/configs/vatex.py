"""VATEX, English captions, with the stable recipe; the paper's own schedule is vatex_paper."""

_base_ = ["vidcap://datasets/vatex.py", "_base.py", "_two.py"]
