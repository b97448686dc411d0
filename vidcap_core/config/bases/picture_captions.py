"""Baseline: a captioner of single pictures on three frames of each video; it says what it is surest of.

vidcap-run core/picture_captions --set data.train.path=my.jsonl --set data.val.path=... --set data.test.path=...
"""

_base_ = ["vidcap://datasets/jsonl.py"]

_model = (
    "nlpconnect/vit-gpt2-image-captioning"  # or a BLIP: Salesforce/blip-image-captioning-base; or a folder
)
_frames = dict(count=3)  # for a BLIP, whose pictures are larger: dict(count=3, short_side=384)
data = dict(train=dict(frames=_frames), val=dict(frames=_frames), test=dict(frames=_frames))
tokenizer = dict(type="HFTokenizer", name=_model)
head = dict(type="HFFrameCaptioner", model=_model, frames=3, say="best")
losses = dict()
phases = {}
generate = dict(mode="beam", beam=4, length="avg", max_length=30)
runtime = dict(batch=8)
