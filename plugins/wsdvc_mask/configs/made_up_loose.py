"""Made-up videos whose events overlap and leave gaps, as ActivityNet's do, with our changes."""

_base_ = ["made_up.py"]

_loose = dict(layout="loose")
data = dict(train=_loose, val=_loose, test=_loose)
