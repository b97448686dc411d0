"""Baseline at full size on ActivityNet Captions: the core's GRU writes a sentence for each given event. For a GPU.

Store, epochs and optimiser are those of wsdvc_mask: CLIP ViT-L/14 of one frame a second. The times of events are given,
so its scores are of captions alone, and not to be set beside scores of methods that find events.
"""

_base_ = ["vidcap://datasets/activitynet.py"]

_streams = dict(
    unit="caption", streams=dict(image="clip_l14"), sample=dict(kind="uniform", count=32, every=True)
)
data = dict(train=_streams, val=_streams, test=_streams)
head = dict(type="MeanPoolGRU", streams=dict(image=768), width=512)
losses = dict(tokens=dict(type="TokenLoss"))
phases = dict(caption=dict(epochs=20, losses=["tokens"]))
optimizer = dict(type="AdamW", lr=1e-4, betas=[0.9, 0.99], weight_decay=0.01)
schedule = dict(type="cosine", warmup=0.05, span="run")
generate = dict(mode="beam", beam=4, length="hf", no_repeat_ngram=4, max_length=32, min_length=4)
runtime = dict(batch=64, clip_grad=1.0, amp="bf16")
extract = dict(
    image=dict(type="OpenClipImage", model="ViT-L-14", pretrained="openai", frames=dict(kind="fps", rate=1.0))
)
