"""What the paper's data sets share: streams of 60 rows, of which training draws one in each of 28 parts."""

_base_ = ["_retrieval.py"]

_streams = ["image", "motion", "audio", "retrieved"]

data = dict(
    train=dict(
        streams=_streams,
        optional=["audio"],
        sample=dict(
            kind="segment", count=28, every=True
        ),  # every: the 20 retrieved captions stay as they are
        transforms=[dict(type="spectrum.ClipCaptions")],
    ),
    val=dict(streams=_streams, optional=["audio"]),
    test=dict(streams=_streams, optional=["audio"]),
)
