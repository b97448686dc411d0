"""Long toy videos of several events. `data.train.weak=True` drops the times."""

data = dict(
    train=dict(
        type="Toy", split="train", kind="long", size="full", unit="clip", streams=["image", "motion", "audio"]
    ),
    val=dict(
        type="Toy", split="val", kind="long", size="full", unit="clip", streams=["image", "motion", "audio"]
    ),
    test=dict(
        type="Toy", split="test", kind="long", size="full", unit="clip", streams=["image", "motion", "audio"]
    ),
)
tokenizer = dict(type="Vocabulary")
