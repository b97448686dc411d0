"""SPECTRUM as its spec has it: 28 slots a stream, 20 retrieved captions, width 512, two optimisers in turn."""

method = "spectrum"
head = dict(
    type="spectrum.SpectrumHead",
    streams=dict(image=512, motion=2048, audio=128, retrieved=512),
    n_frames=28,
    n_retrieved=20,
    width=512,
    heads=8,
    feed=2048,
    layers=1,
    max_length=30,
)
losses = dict(
    tokens=dict(type="TokenLoss", reduce="clip"),
    attributes=dict(type="BinaryLoss", output="attributes", per="positive", clamp=0.01),
)
phases = dict(
    high=dict(epochs=10, losses=["tokens", "attributes"]),
    low=dict(
        epochs=40,
        losses=["tokens", "attributes"],
        optimizer="fresh",
        groups=[dict(parts=["head.encoders", "head.vtai"], lr_mult=0.1)],
    ),
)
optimizer = dict(type="Adam", lr=5e-4, weight_decay=1e-3)
schedule = dict(type="exponential", gamma=0.9, unit="epoch", span="run")
generate = dict(mode="beam", beam=5, length="hf", alpha=1.0, stop="n_finished", max_length=29)
runtime = dict(batch=64, log_every=50)
