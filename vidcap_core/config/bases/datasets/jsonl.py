"""Videos of your own: set data.train.path (and val, test) to files with one JSON object a line."""

data = dict(
    train=dict(type="Jsonl", split="train"),
    val=dict(type="Jsonl", split="val"),
    test=dict(type="Jsonl", split="test"),
)
tokenizer = dict(type="Vocabulary")
