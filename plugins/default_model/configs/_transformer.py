"""The core's small Transformer on the same stream and schedule: a baseline, nothing ships from it."""

_base_ = ["msvd_part.py"]

head = dict(
    _delete_=True, type="SmallTransformer", streams=dict(image=1280), width=256, layers=2, dropout=0.1
)
losses = dict(_delete_=True, tokens=dict(type="TokenLoss"))
optimizer = dict(lr=5e-4)
