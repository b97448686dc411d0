"""SwinBERT, small, on the pictures of MSVD's part: 16 a clip are kept, eight are read, at 48 pixels.

All weights start at random on 279 clips: it shows what learning end to end from so little gives.
"""

_base_ = ["vidcap://datasets/msvd_part.py", "_small.py"]

head = dict(width=256, between=128, feed=512, heads=8)
phases = dict(caption=dict(epochs=40, groups=[]))
optimizer = dict(lr=5e-4, weight_decay=0.01)
schedule = dict(type="cosine", warmup=0.05)
generate = dict(mode="beam", beam=5, length="avg", max_length=20)
evaluate = dict(every=0, best=None, metrics=["bleu", "meteor", "rouge", "cider-d"])
runtime = dict(batch=32, clip_grad=5.0, log_every=9)
