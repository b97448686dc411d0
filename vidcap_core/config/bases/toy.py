"""The first run: a small Transformer on the built-in toy videos, minutes on two cores."""

_base_ = ["vidcap://datasets/toy.py"]

_streams = ["image", "motion"]
data = dict(train=dict(streams=_streams), val=dict(streams=_streams), test=dict(streams=_streams))
head = dict(type="SmallTransformer", streams=dict(image=320, motion=128), width=128)
extract = dict(image=dict(type="ToyGrid", stream="image"), motion=dict(type="ToyGrid", stream="motion"))
losses = dict(tokens=dict(type="TokenLoss"))
phases = dict(
    caption=dict(epochs=10, losses=["tokens"]),
)
optimizer = dict(type="AdamW", lr=2e-3)
schedule = dict(type="cosine", warmup=0.05)
generate = dict(mode="beam", beam=3, length="avg", max_length=20)
evaluate = dict(every=5)
runtime = dict(batch=32, log_every=30)
