"""A video-language model as it comes on ActivityNet Captions: events with their times, asked for as JSON.

Long videos need more frames: --set head.frames=64, and data.*.frames.count=64.
"""

_base_ = ["vlm/events", "vidcap://datasets/activitynet.py"]

_model = "HuggingFaceTB/SmolVLM2-500M-Video-Instruct"
_frames = dict(count=32, short_side=512, crop=None)
data = dict(train=dict(frames=_frames), val=dict(frames=_frames), test=dict(frames=_frames))
tokenizer = dict(_delete_=True, type="vlm.ChatTokenizer", name=_model)
head = dict(frames=32)
