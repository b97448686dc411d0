"""What the paper-size configs share: a store `clip` of CLIP ViT-B/32 features, 30 frames of it, batches of 128.

CLIP gets QuickGELU, the activation that OpenAI's weights were trained with.
"""

_base_ = ["_base.py"]
_sample = dict(kind="uniform", count=30)

data = dict(
    train=dict(streams=["clip"], sample=_sample),
    val=dict(streams=["clip"], sample=_sample),
    test=dict(streams=["clip"], sample=_sample),
)
head = dict(streams=dict(clip=512))
runtime = dict(batch=128, log_every=50)
extract = dict(clip=dict(type="OpenClipImage", model="ViT-B-32", pretrained="openai", frames=30))
