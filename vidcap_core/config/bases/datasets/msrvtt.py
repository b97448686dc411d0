"""MSR-VTT, 2016 splits: 6,513 / 497 / 2,990 clips. Streams are the method's to say."""

data = dict(
    train=dict(type="MSRVTT", split="train"),
    val=dict(type="MSRVTT", split="val"),
    test=dict(type="MSRVTT", split="test"),
)
tokenizer = dict(type="Vocabulary", min_count=3)
