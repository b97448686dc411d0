"""The second run of a member: 279 clips of MSVD mixed with the pictures, so that what they taught is not forgotten.

Seven samples of ten are clips. It starts from the run of `pictures.py` with the same seed: `start_from.run`.
"""

_base_ = "_speaker.py"

_clips = dict(type="MSVDPart", streams=dict(image="msvd_lite2"))
data = dict(
    train=dict(
        type="Mixture",
        of=dict(
            clips=dict(**_clips, split="train", unit="clip", sample=dict(kind="segment", count=8)),
            pictures=dict(type="Flickr8k", split="train", unit="clip", streams=dict(image="flickr8k_lite2")),
        ),
        times=dict(clips=64),
    ),
    val=dict(**_clips, split="val"),
    test=dict(**_clips, split="test"),
)
phases = dict(both=dict(steps=800, losses=["tokens"]))
