"""MSR-VTT, 2016 splits, with the stable recipe; the paper's own schedule is msrvtt_paper."""

_base_ = ["vidcap://datasets/msrvtt.py", "_base.py", "_two.py"]
