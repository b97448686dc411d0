"""Teach a video-language model your captions: adapters in its language model, the rest as it is.

vidcap-run vlm/lora --set data.train.path=my.jsonl --set data.val.path=my.jsonl --set data.test.path=my.jsonl
"""

_base_ = ["vlm/caption"]

head = dict(lora=dict(r=16, lora_alpha=32, lora_dropout=0.05))
losses = dict(tokens=dict(type="TokenLoss"))
phases = dict(caption=dict(epochs=2, losses=["tokens"], train=["*lora_*"]))
optimizer = dict(type="AdamW", lr=1e-4)
schedule = dict(type="cosine", warmup=0.03)
evaluate = dict(every=1)
runtime = dict(batch=4, accumulate=4, save="trained", amp="bf16")
