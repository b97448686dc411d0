"""Long toy videos as the public code behaves; frames are projected, as theirs are not as wide as the language model."""

_base_ = ["_base.py", "_toy.py"]

phases = dict(count=dict(epochs=20), locate=dict(epochs=30))
