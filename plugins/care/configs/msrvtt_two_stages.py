"""CARE on MSR-VTT in two stages, the concept detector first. For a GPU."""

_base_ = ["msrvtt.py", "_two_stages.py"]
