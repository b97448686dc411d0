"""Made-up videos as the public code behaves; frames are projected."""

_base_ = ["_base.py", "_made_up.py"]

phases = dict(count=dict(steps=700), locate=dict(steps=400))
