"""MSVD at the papers' sizes: a store `image` of 30 rows of CLIP ViT-B/32. For a GPU."""

_base_ = ["_base.py", "vidcap://datasets/msvd.py"]

_sample = dict(kind="uniform", count=30)

data = dict(
    train=dict(streams=["image"], sample=_sample),
    val=dict(streams=["image"], sample=_sample),
    test=dict(streams=["image"], sample=_sample),
)
head = dict(streams=dict(image=512))
