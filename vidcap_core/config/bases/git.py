"""Baseline: GIT, a video captioner of the hub, as it comes. Your videos and captions: set data.*.path (docs/data.md).

vidcap-run core/git --set data.train.path=my.jsonl --set data.val.path=my.jsonl --set data.test.path=my.jsonl
"""

_base_ = ["vidcap://datasets/jsonl.py"]

_model = "microsoft/git-base-vatex"  # or a folder with its files
_frames = dict(count=6)
data = dict(train=dict(frames=_frames), val=dict(frames=_frames), test=dict(frames=_frames))
tokenizer = dict(type="HFTokenizer", name=_model)
head = dict(type="HFVideoCaptioner", model=_model)
losses = dict()
phases = {}
generate = dict(mode="beam", beam=4, length="avg", max_length=30)
runtime = dict(batch=8)
