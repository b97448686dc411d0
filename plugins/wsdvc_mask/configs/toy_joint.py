"""As `toy_parity`, but one update a batch for both masked passes, with the loss of full mode kept."""

_base_ = ["toy_parity.py"]

head = dict(count_weights="final")
phases = [
    dict(name="count", epochs=20, losses=["full"], freeze=["head.localiser"], best=False),
    dict(
        name="locate",
        epochs=30,
        losses=["full", "positive", "negative", "diversity"],
        optimizer="keep",
        best=False,
    ),
]
