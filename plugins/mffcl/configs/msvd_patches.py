"""All patches enter the mapper instead of CLS alone: the other reading of the paper's section III-B."""

_base_ = ["msvd.py"]

encoders = dict(video=dict(patches=True))
head = dict(mapper_input="patches")
