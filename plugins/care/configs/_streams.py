"""Streams of the paper size: 60 rows in the store, one of each of 28 parts in training, and 20 retrieved captions."""

_streams = ["audio", "motion", "image", "retrieved"]

data = dict(
    train=dict(
        streams=_streams,
        sample=dict(kind="segment", count=28, every=True),
        transforms=[dict(type="care.AllCaptions")],
    ),
    val=dict(streams=_streams, sample=dict(kind="uniform", count=28)),
    test=dict(streams=_streams, sample=dict(kind="uniform", count=28)),
)
head = dict(
    streams=dict(audio=128, motion=2048, image=512, retrieved=512),
    decoder_streams=["audio", "motion", "image"],
    rows=dict(audio=28, motion=28, image=28, retrieved=28),
)
