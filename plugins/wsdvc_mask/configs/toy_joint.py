"""As `toy_parity`, but one update a batch for both masked passes, with the loss of full mode kept."""

_base_ = ["toy_parity.py"]

head = dict(count_weights="final")
phases = dict(locate=dict(losses=["full", "positive", "negative", "diversity"]))
