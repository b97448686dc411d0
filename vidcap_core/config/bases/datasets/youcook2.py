"""YouCook2: 1,333 / 457 videos; there is no public test split, so val serves as both."""

data = dict(
    train=dict(type="YouCook2", split="train", unit="clip"),
    val=dict(type="YouCook2", split="val", unit="clip"),
    test=dict(type="YouCook2", split="val", unit="clip"),
)
tokenizer = dict(type="Vocabulary", min_count=3)
