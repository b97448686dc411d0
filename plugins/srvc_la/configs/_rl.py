"""A self-critical stage to put after others; no source of the paper mentions one, so its scores stand apart."""

losses = dict(reward=dict(type="SelfCritical", samples_per_clip=1, baseline="greedy"))
phases = dict(
    reward=dict(
        losses=["reward"],
        epochs=35,
        start_from="best",
        batch=20,
        data=dict(unit="clip"),
        optimizer=dict(type="Adam", lr=1e-5, weight_decay=0.0),
        schedule=dict(type="plateau", factor=0.8, patience=3),
        clip_value=0.1,
    ),
)
