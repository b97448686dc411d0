"""The full model, small, on the built-in toy videos: minutes on two cores."""

_base_ = ["_base.py", "vidcap://datasets/toy.py"]

data = dict(
    train=dict(streams=["image", "motion"]),
    val=dict(streams=["image", "motion"]),
    test=dict(streams=["image", "motion"]),
)
head = dict(
    streams=dict(image=320, motion=128),
    d_model=128,
    rnn_size=128,
    att_size=128,
    emb_size=128,
    enc_ff=256,
    out_dropout=0.3,
)
phases = dict(
    caption=dict(epochs=10, losses=["words", "effective_frames"]),
)
optimizer = dict(lr=4e-3)
generate = dict(beam=3)
evaluate = dict(every=5)
runtime = dict(batch=32, log_every=30)
extract = dict(
    image=dict(type="ToyGrid", stream="image"),
    motion=dict(type="ToyGrid", stream="motion"),
)
