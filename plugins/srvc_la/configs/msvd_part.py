"""The full model at d = 256 on the part of MSVD with real features; one random caption a clip and epoch."""

_base_ = ["_base.py", "vidcap://datasets/msvd_part.py"]

head = dict(
    streams=dict(image=1280, motion=359),
    d_model=256,
    rnn_size=256,
    att_size=256,
    emb_size=256,
    enc_ff=1024,
)
phases = [dict(name="caption", epochs=80, losses=["words", "effective_frames"])]
evaluate = dict(every=10, metrics=["bleu", "meteor", "rouge", "cider-d"])
runtime = dict(batch=32, log_every=8)
