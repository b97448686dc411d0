"""The core's GRU on the part of MSVD with real features: what every method there is compared with."""

_base_ = ["vidcap://datasets/msvd_part.py"]

encoders = dict(
    image_std=dict(type="Standardised", stream="image"),
    motion_std=dict(type="Standardised", stream="motion"),
)
head = dict(type="MeanPoolGRU", streams=dict(image_std=1280, motion_std=359), width=256)
losses = dict(tokens=dict(type="TokenLoss"))
phases = dict(
    caption=dict(epochs=40, losses=["tokens"]),
)
optimizer = dict(type="AdamW", lr=1e-3, weight_decay=0.01)
schedule = dict(type="cosine", warmup=0.05)
generate = dict(mode="beam", beam=5, length="avg", max_length=20)
evaluate = dict(every=0, best=None, metrics=["bleu", "meteor", "rouge", "cider-d"])
runtime = dict(batch=8, clip_grad=5.0, log_every=34)
