"""Flickr8k: 8,091 pictures with five captions each, as clips of one frame. Streams are the method's to say.

6,000 / 1,000 / 1,000 by the official split files; without them 7,585 / 506, and no test.
"""

data = dict(
    train=dict(type="Flickr8k", split="train"),
    val=dict(type="Flickr8k", split="val"),
    test=dict(type="Flickr8k", split="test"),
)
tokenizer = dict(type="Vocabulary", min_count=2)
