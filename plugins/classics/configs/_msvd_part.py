"""The part of MSVD with real features, small, 40 epochs of batches of 8 as the other methods' rows have them."""

_base_ = ["_base.py", "vidcap://datasets/msvd_part.py"]

encoders = dict(
    image_std=dict(type="Standardised", stream="image"),
    motion_std=dict(type="Standardised", stream="motion"),
)
head = dict(streams=dict(image_std=1280, motion_std=359), width=256, dropout=0.3)
phases = dict(caption=dict(epochs=40))
optimizer = dict(lr=1e-3, weight_decay=0.01)
schedule = dict(warmup=0.2)
evaluate = dict(every=0, best=None, metrics=["bleu", "meteor", "rouge", "cider-d"])
runtime = dict(batch=8, log_every=34)
