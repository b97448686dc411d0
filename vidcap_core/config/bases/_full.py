"""What the full-size baselines share: the GRU, and srvc_la's schedule, batch and store of CLIP ViT-B/32 features.

They are the plain neighbours of the papers' rows. For a GPU.
"""

_streams = dict(streams=["clip"], sample=dict(kind="uniform", count=30))

data = dict(train=_streams, val=_streams, test=_streams)
head = dict(type="MeanPoolGRU", streams=dict(clip=512), width=512)
losses = dict(tokens=dict(type="TokenLoss"))
optimizer = dict(type="Adamax", lr=7e-4, weight_decay=1e-5)
schedule = dict(type="cosine", unit="epoch")
generate = dict(mode="beam", beam=5, length="gnmt", alpha=1.6, max_length=21)
runtime = dict(batch=128, clip_grad=5.0, log_every=50)
extract = dict(clip=dict(type="OpenClipImage", model="ViT-B-32", pretrained="openai", frames=30))
