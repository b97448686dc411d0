"""PDVC, small, on the built-in long toy videos with their times: a few minutes on two cores."""

_base_ = ["_base.py", "vidcap://datasets/toy_long.py"]

_streams = ["image", "motion"]
data = dict(train=dict(streams=_streams), val=dict(streams=_streams), test=dict(streams=_streams))
head = dict(
    streams=dict(image=320, motion=128),
    frames=32,
    width=64,
    heads=4,
    feed=128,
    queries=8,
    most_events=8,
    word_width=64,
    hidden=64,
    attend=32,
    dropout=0.0,
    word_dropout=0.1,
)
phases = dict(events=dict(epochs=40))
optimizer = dict(lr=1e-3, weight_decay=0.0)
schedule = dict(_delete_=True, type="cosine", warmup=0.05)
generate = dict(max_length=20)
evaluate = dict(every=0, best=None)
runtime = dict(batch=16, clip_grad=1.0, log_every=20)
extract = dict(image=dict(type="ToyGrid", stream="image"), motion=dict(type="ToyGrid", stream="motion"))
