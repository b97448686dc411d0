"""SwinBERT with a hard mask, writing as the authors' code does, on the built-in toy videos."""

_base_ = ["toy.py"]

head = dict(
    type="swinbert.PublishedSwinBERT",
    streams=dict(video=96),
    grid=(4, 3, 3),
    mask="hard",
    between=96,
    width=96,
    heads=4,
    feed=192,
    layers=2,
    max_length=24,
)
