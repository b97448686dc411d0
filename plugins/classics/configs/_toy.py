"""The built-in toy videos, small: minutes on two cores."""

_base_ = ["_base.py", "vidcap://datasets/toy.py"]

_streams = ["image", "motion"]

data = dict(train=dict(streams=_streams), val=dict(streams=_streams), test=dict(streams=_streams))
head = dict(streams=dict(image=320, motion=128), width=128, dropout=0.1)
phases = dict(caption=dict(epochs=10))
optimizer = dict(lr=2e-3, weight_decay=0.0)
generate = dict(beam=3, max_length=20)
evaluate = dict(every=5)
runtime = dict(batch=32, log_every=30)
extract = dict(image=dict(type="ToyGrid", stream="image"), motion=dict(type="ToyGrid", stream="motion"))
