"""MSR-VTT with a self-critical stage, which no source of the paper mentions: report its scores apart. For a GPU."""

_base_ = ["msrvtt.py", "_rl.py"]
