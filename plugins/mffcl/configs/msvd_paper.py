"""MSVD with the paper's schedule: 14910 steps of 16."""

_base_ = ["msvd.py", "_paper.py"]

phases = [
    dict(name="align", steps=7455, losses=["contrastive"], best=False, data=dict(unit="clip"), keep="align",
         train=["encoders.video", "encoders.text", "head.contrast"]),
    dict(name="caption", steps=14910, losses=["tokens"], cache=["video"],
         freeze=["encoders.video", "encoders.text", "head.contrast"]),
]  # fmt: skip
runtime = dict(batch=16)
