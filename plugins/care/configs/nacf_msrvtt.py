"""NACF on MSR-VTT: stores `motion` and `image` of the authors' widths, 8 rows of each. For a GPU."""

_base_ = ["_nacf.py", "vidcap://datasets/msrvtt.py"]

_streams = ["motion", "image"]

tokenizer = dict(_delete_=True, type="care.CAREVocabulary", concepts=500, min_count=3)
data = dict(
    train=dict(
        streams=_streams, sample=dict(kind="segment", count=8), transforms=[dict(type="care.AllCaptions")]
    ),
    val=dict(streams=_streams, sample=dict(kind="uniform", count=8)),
    test=dict(streams=_streams, sample=dict(kind="uniform", count=8)),
)
head = dict(streams=dict(motion=2048, image=2048))
