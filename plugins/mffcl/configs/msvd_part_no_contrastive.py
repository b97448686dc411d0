"""The same number of steps without alignment: the temporal encoder learns from the token loss."""

_base_ = ["_part.py"]

encoders = dict(_delete_=True)
losses = dict(_delete_=True, tokens=dict(type="TokenLoss"))
head = dict(text=None)
phases = [dict(name="caption", steps=200, losses=["tokens"], train=["head.temporal", "head.mapper", "head.to_lm"])]
