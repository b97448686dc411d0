"""Toy clips with captions; the streams (image 320, motion 128, audio 33 wide) are made in the cache."""

data = dict(
    train=dict(type="Toy", split="train", size="full", streams=["image", "motion", "audio"]),
    val=dict(type="Toy", split="val", size="full", streams=["image", "motion", "audio"]),
    test=dict(type="Toy", split="test", size="full", streams=["image", "motion", "audio"]),
)
tokenizer = dict(type="Vocabulary")
