"""YouCook2 with our changes; recipes have more steps than 16."""

_base_ = ["_youcook2.py", "_improved.py"]

head = dict(queries=24, max_events=24)
phases = dict(count=dict(epochs=5), locate=dict(epochs=15))
