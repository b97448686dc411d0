"""CARE on MSVD: its clips have no sound, so the streams are motion, image and retrieved captions. For a GPU."""

_base_ = ["_base.py", "vidcap://datasets/msvd.py"]

_streams = ["motion", "image", "retrieved"]

tokenizer = dict(_delete_=True, type="care.CAREVocabulary", concepts=500)
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
    streams=dict(motion=2048, image=512, retrieved=512),
    decoder_streams=["motion", "image"],
    rows=dict(motion=28, image=28, retrieved=28),
)
