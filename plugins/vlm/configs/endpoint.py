"""A model behind an OpenAI-compatible server (vLLM, SGLang, Ollama), as `--model http://HOST/v1#MODEL` has it."""

_base_ = ["vidcap://datasets/jsonl.py"]

_frames = dict(count=8, short_side=512, crop=None)
method = "vlm"
data = dict(train=dict(frames=_frames), val=dict(frames=_frames), test=dict(frames=_frames))
tokenizer = dict(_delete_=True, type="TextOnly")
head = dict(type="vlm.Endpoint", url="http://127.0.0.1:8000/v1", model="MODEL", prompt="caption", sentences=1)
losses = dict()
phases = {}
generate = dict(mode="greedy", max_length=60)
runtime = dict(batch=16)
