"""One phase, of as many steps as msvd has in all: both losses at once, and everything trains."""

_base_ = ["msvd.py"]

losses = dict(contrastive=dict(scale=0.5))
phases = dict(
    _delete_=True,
    joint=dict(
        steps=15615,
        losses=["tokens", "contrastive"],
        groups=[dict(parts=["encoders.video", "encoders.text", "head.lm"], lr_mult=0.5)],
    ),
)
