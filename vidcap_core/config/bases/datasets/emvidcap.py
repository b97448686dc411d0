"""EmVidCap, S and L together; a tenth of trainval is held out to choose models on."""

data = dict(
    train=dict(type="EmVidCap", split="train", part="S+L"),
    val=dict(type="EmVidCap", split="val", part="S+L"),
    test=dict(type="EmVidCap", split="test", part="S+L"),
)
tokenizer = dict(type="Vocabulary", min_count=3, normalize="words")
