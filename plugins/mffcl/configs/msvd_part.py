"""Real features and real pretrained parts: 100 steps of alignment, then 100 of captions with both encoders frozen."""

_base_ = ["_part.py"]

phases = [
    dict(name="align", steps=100, batch=32, losses=["contrastive"], best=False, keep="align",
         train=["head.temporal", "head.contrast"]),
    dict(name="caption", steps=100, losses=["tokens"], train=["head.mapper", "head.to_lm"]),
]  # fmt: skip
