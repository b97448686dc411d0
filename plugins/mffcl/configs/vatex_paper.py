"""VATEX with the paper's schedule: 113350 steps of 6."""

_base_ = ["vatex.py", "_paper.py"]

phases = [
    dict(name="align", steps=56675, losses=["contrastive"], best=False, data=dict(unit="clip"), keep="align",
         train=["encoders.video", "encoders.text", "head.contrast"]),
    dict(name="caption", steps=113350, losses=["tokens"], cache=["video"],
         freeze=["encoders.video", "encoders.text", "head.contrast"]),
]  # fmt: skip
runtime = dict(batch=6)
