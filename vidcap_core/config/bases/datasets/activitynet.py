"""ActivityNet Captions: chosen on val_1, reported on val (both annotators)."""

data = dict(
    train=dict(type="ActivityNet", split="train", unit="clip"),
    val=dict(type="ActivityNet", split="val_1", unit="clip"),
    test=dict(type="ActivityNet", split="val", unit="clip"),
)
tokenizer = dict(type="Vocabulary", min_count=3)
