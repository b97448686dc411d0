"""VATEX, English captions: 25,991 / 3,000 / 6,000 clips. Streams are the method's to say."""

data = dict(
    train=dict(type="VATEX", split="train"),
    val=dict(type="VATEX", split="val"),
    test=dict(type="VATEX", split="test"),
)
tokenizer = dict(type="Vocabulary", min_count=3)
