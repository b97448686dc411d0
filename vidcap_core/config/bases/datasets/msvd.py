"""MSVD: 1,200 / 100 / 670 clips. Streams are the method's to say."""

data = dict(
    train=dict(type="MSVD", split="train"),
    val=dict(type="MSVD", split="val"),
    test=dict(type="MSVD", split="test"),
)
tokenizer = dict(type="Vocabulary")
