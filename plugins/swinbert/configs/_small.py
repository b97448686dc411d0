"""Small parts with random weights: eight frames of 48 pixels, 36 video tokens, two layers."""

_base_ = ["_base.py"]

_read = dict(unit="clip", streams=[], frames=dict(kind="uniform", count=8, short_side=48))
data = dict(
    train=_read,
    val=dict(streams=[], frames=dict(kind="uniform", count=8, short_side=48)),
    test=dict(streams=[], frames=dict(kind="uniform", count=8, short_side=48)),
)
tokenizer = dict(specials=["[MASK]"])
encoders = dict(
    video=dict(
        type="swinbert.VideoSwin",
        width=24,
        depths=[2, 2, 2],
        heads=[2, 4, 8],
        window=(4, 3, 3),
        frames=8,
        size=48,
        drop_path=0.0,
    )
)
head = dict(
    type="swinbert.SwinBERTHead",
    streams=dict(video=96),
    grid=(4, 3, 3),
    between=96,
    width=96,
    heads=4,
    feed=192,
    layers=2,
    max_length=24,
)
generate = dict(max_length=22, banned=["[MASK]"])
