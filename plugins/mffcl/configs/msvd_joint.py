"""One phase: both losses at once, and everything trains."""

_base_ = ["msvd.py"]

losses = dict(contrastive=dict(scale=0.5))
phases = [
    dict(name="joint", epochs=10, losses=["tokens", "contrastive"],
         groups=[dict(parts=["encoders.video", "encoders.text", "head.lm"], lr_mult=0.5)]),
]  # fmt: skip
