"""The first run of a member of the model that ships: 7,585 captioned pictures of Flickr8k.

`benchmarks/members.py` makes the features, says where they lie, and goes on with `clips.py`.
"""

_base_ = ["_speaker.py", "vidcap://datasets/flickr8k.py"]

_streams = dict(image="flickr8k_lite2")
data = dict(
    train=dict(unit="clip", streams=_streams),
    val=dict(streams=_streams),
    test=dict(streams=_streams),
)
phases = dict(words=dict(steps=1500, losses=["tokens"]))
