"""SwinBERT with a hard mask, writing as the authors' code does: tiny, on the built-in toy videos."""

_base_ = ["toy.py"]

_frames = dict(kind="uniform", count=4, short_side=32)
data = dict(train=dict(frames=_frames), val=dict(frames=_frames), test=dict(frames=_frames))
encoders = dict(video=dict(depths=[1, 1, 1], window=(2, 2, 2), frames=4, size=32))
head = dict(
    type="swinbert.PublishedSwinBERT",
    streams=dict(video=96),
    grid=(2, 2, 2),
    mask="hard",
    between=96,
    width=96,
    heads=4,
    feed=192,
    layers=2,
    max_length=24,
)
