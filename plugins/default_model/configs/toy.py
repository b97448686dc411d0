"""The first phase of the recipe, without smoothing, on the built-in toy videos: minutes on two cores."""

_base_ = ["_base.py", "vidcap://datasets/toy.py"]

_streams = ["image", "motion"]
data = dict(train=dict(streams=_streams), val=dict(streams=_streams), test=dict(streams=_streams))
head = dict(streams=dict(image=320, motion=128))
extract = dict(image=dict(type="ToyGrid", stream="image"), motion=dict(type="ToyGrid", stream="motion"))
losses = dict(_delete_=True, tokens=dict(type="TokenLoss"))
phases = dict(
    words=dict(epochs=10, losses=["tokens"]),
)
evaluate = dict(every=5)
runtime = dict(batch=32, log_every=30)
