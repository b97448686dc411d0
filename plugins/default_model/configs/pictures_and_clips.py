"""A member of the model that ships: first 7,585 pictures of Flickr8k, then clips of MSVD mixed with pictures.

`streams` of clips and pictures are features of EfficientNet-Lite2, which `benchmarks/members.py` is given and puts in.
"""

method = "default_model"
data = dict(
    train=dict(
        type="Mixture",
        of=dict(
            clips=dict(
                type="MSVDPart",
                split="train",
                unit="clip",
                streams=dict(image="features/msvd_lite2"),
                sample=dict(kind="segment", count=8),
            ),
            pictures=dict(
                type="Flickr8k", split="train", unit="clip", streams=dict(image="features/flickr8k_lite2")
            ),
        ),
    ),
    val=dict(type="MSVDPart", split="val", streams=dict(image="features/msvd_lite2")),
    test=dict(type="MSVDPart", split="test", streams=dict(image="features/msvd_lite2")),
)
tokenizer = dict(type="Vocabulary", min_count=8)
extract = dict(image=dict(type="EfficientNetLite2", crop=1.0))
head = dict(type="MeanPoolGRU", streams=dict(image=1280), width=224, dropout=0.3)
losses = dict(tokens=dict(type="TokenLoss", smoothing=0.1))
phases = dict(
    pictures=dict(steps=1500, losses=["tokens"], data=dict(times=dict(clips=0))),
    both=dict(steps=800, losses=["tokens"], data=dict(times=dict(clips=90))),
)
optimizer = dict(type="AdamW", lr=1e-3, weight_decay=0.01, fused=True)
schedule = dict(type="cosine", warmup=0.05)
generate = dict(mode="beam", beam=5, length="avg", max_length=20)
evaluate = dict(every=0, best=None)
runtime = dict(batch=64, clip_grad=5.0, save_every=1500, log_every=100)
