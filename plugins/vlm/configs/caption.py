"""A video-language model as it comes: one short sentence a clip. Your videos and captions: set data.*.path.

vidcap caption my.mp4 --model hf:OWNER/NAME   captions files; vidcap-run vlm/caption scores it on your captions.
"""

_base_ = ["vidcap://datasets/jsonl.py"]

_model = "HuggingFaceTB/SmolVLM2-500M-Video-Instruct"  # or a folder with its files
_frames = dict(count=8, short_side=512, crop=None)
method = "vlm"
data = dict(train=dict(frames=_frames), val=dict(frames=_frames), test=dict(frames=_frames))
tokenizer = dict(type="vlm.ChatTokenizer", name=_model)
head = dict(type="vlm.ChatModel", model=_model, prompt="caption", sentences=1)
losses = dict()
phases = {}
generate = dict(mode="greedy", max_length=60, unknown=True)
runtime = dict(batch=4)
