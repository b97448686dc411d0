"""The concept detector first: encoders and concepts learn alone, then all learns with the captions."""

phases = dict(
    _delete_=True,
    concepts=dict(
        epochs=10,
        losses=["concepts"],
        train=["head.network.encoders", "head.network.concepts.predict"],
        best=False,
    ),
    caption=dict(epochs=40, losses=["tokens", "concepts"]),
)
