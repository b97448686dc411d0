"""MSR-VTT with the paper's schedule: 25320 steps of 8."""

_base_ = ["msrvtt.py", "_paper.py"]

phases = [
    dict(name="align", steps=12660, losses=["contrastive"], best=False, data=dict(unit="clip"), keep="align",
         train=["encoders.video", "encoders.text", "head.contrast"]),
    dict(name="caption", steps=25320, losses=["tokens"], cache=["video"],
         freeze=["encoders.video", "encoders.text", "head.contrast"]),
]  # fmt: skip
runtime = dict(batch=8)
