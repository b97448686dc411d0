"""MSVD with the stable recipe; the paper's own schedule is msvd_paper. Base of the ablations.

In batches of 16, 375 steps are five epochs of the 1,200 clips, and 15,240 are five of their 48,774 captions.
"""

_base_ = ["vidcap://datasets/msvd.py", "_base.py", "_two.py"]

phases = [
    dict(name="align", steps=375, losses=["contrastive"], best=False, data=dict(unit="clip"), keep="align",
         train=["encoders.video", "encoders.text", "head.contrast"],
         groups=[dict(parts=["encoders.video", "encoders.text"], lr_mult=0.5)]),
    dict(name="caption", steps=15240, losses=["tokens"], cache=["video"],
         freeze=["encoders.video", "encoders.text", "head.contrast"],
         groups=[dict(parts=["head.lm"], lr_mult=0.5)]),
]  # fmt: skip
runtime = dict(batch=16)
