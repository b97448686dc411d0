"""What both toy configs share: the built-in videos, all captions of a clip as targets."""

_base_ = ["vidcap://datasets/toy.py"]

data = dict(
    train=dict(streams=["image", "motion"], transforms=[dict(type="care.AllCaptions")]),
    val=dict(streams=["image", "motion"]),
    test=dict(streams=["image", "motion"]),
)
tokenizer = dict(_delete_=True, type="care.CAREVocabulary", concepts=40)
head = dict(
    streams=dict(image=320, motion=128),
    width=128,
    heads=4,
    feed=256,
    max_length=24,
    dropout=0.1,
    encoder_dropout=0.1,
)
optimizer = dict(lr=1e-3, weight_decay=0.0)
evaluate = dict(every=5)
runtime = dict(batch=32, log_every=30)
extract = dict(
    image=dict(type="ToyGrid", stream="image"),
    motion=dict(type="ToyGrid", stream="motion"),
)
