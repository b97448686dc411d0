"""The full model at d = 256 on the part of MSVD with real features; one random caption a clip and epoch.

Not the paper's recipe, which learns one caption for all clips here: 279 clips in batches of 32 are 8 steps an epoch.
Streams are standardised, batches hold 8 clips, and AdamW warms up: the README says how that was chosen.
"""

_base_ = ["_base.py", "vidcap://datasets/msvd_part.py"]

encoders = dict(
    image_std=dict(type="Standardised", stream="image"),
    motion_std=dict(type="Standardised", stream="motion"),
)
head = dict(
    streams=dict(image_std=1280, motion_std=359),
    d_model=256,
    rnn_size=256,
    att_size=256,
    emb_size=256,
    enc_ff=1024,
    out_dropout=0.3,
)
phases = dict(
    caption=dict(epochs=40, losses=["words", "effective_frames"]),
)
optimizer = dict(_delete_=True, type="AdamW", lr=1e-3, weight_decay=0.01)
schedule = dict(_delete_=True, type="cosine", warmup=0.2)
evaluate = dict(every=0, best=None, metrics=["bleu", "meteor", "rouge", "cider-d"])
runtime = dict(batch=8, log_every=34)
