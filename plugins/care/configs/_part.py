"""What both captioners share on the part of MSVD with real features: the image and the motion stream, standardised."""

_base_ = ["vidcap://datasets/msvd_part.py"]

data = dict(train=dict(transforms=[dict(type="care.AllCaptions")]))
tokenizer = dict(_delete_=True, type="care.CAREVocabulary", concepts=100, min_count=2)
encoders = dict(
    image_std=dict(type="Standardised", stream="image"),
    motion_std=dict(type="Standardised", stream="motion"),
)
head = dict(
    streams=dict(image_std=1280, motion_std=359),
    width=256,
    heads=4,
    feed=512,
    max_length=24,
    dropout=0.3,
    encoder_dropout=0.3,
)
phases = dict(caption=dict(epochs=40))
optimizer = dict(_delete_=True, type="AdamW", lr=5e-4, weight_decay=0.01)
schedule = dict(_delete_=True, type="cosine", warmup=0.05)
evaluate = dict(every=0, best=None, metrics=["bleu", "meteor", "rouge", "cider-d"])
runtime = dict(batch=32, clip_grad=5.0, log_every=9)
