"""Made-up videos with our changes: about a minute of one core, and its report shows masks that found their events."""

_base_ = ["_base.py", "_improved.py", "_made_up.py"]

phases = dict(count=dict(steps=700), locate=dict(steps=400))
