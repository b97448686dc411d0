"""SPECTRUM, small, on toy clips whose captions tell the emotion; a few minutes on two cores."""

_base_ = ["_base.py", "vidcap://datasets/toy_mood.py"]

data = dict(train=dict(transforms=[dict(type="spectrum.ClipCaptions")]))
encoders = dict(
    retrieved=dict(
        type="spectrum.RetrievedCaptions",
        query="image",
        text=dict(type="spectrum.HashedWords", dim=64),
        bridge=dict(steps=150),
        database=dict(
            type="Toy", split="train", size="full", mood=True, streams=["image", "motion", "audio"]
        ),
    )
)
head = dict(
    streams=dict(image=320, motion=128, audio=33, retrieved=64),
    n_frames=12,
    n_retrieved=10,
    width=128,
    heads=4,
    feed=256,
    max_length=24,
    encoder_dropout=0.2,
    dropout=0.2,
    emotions="seen",
    n_aeb=20,
)
phases = dict(
    high=dict(epochs=6, losses=["tokens", "attributes"]),
    low=dict(
        epochs=6,
        losses=["tokens", "attributes"],
        optimizer="fresh",
        groups=[dict(parts=["head.encoders", "head.vtai"], lr_mult=0.1)],
    ),
)
optimizer = dict(lr=2e-3, weight_decay=0.0)
evaluate = dict(metrics=["bleu", "rouge", "cider-d", "emotion"], best="CFS", every=3)
generate = dict(max_length=23)
runtime = dict(batch=32, log_every=30)
extract = dict(
    image=dict(type="ToyGrid", stream="image"),
    motion=dict(type="ToyGrid", stream="motion"),
    audio=dict(type="ToySound"),
)
