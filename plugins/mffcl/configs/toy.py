"""All parts small and random, trained from the frames of the built-in toy videos; nothing is downloaded."""

_base_ = ["vidcap://datasets/toy.py"]

_frames = dict(kind="uniform", count=6, short_side=48)
method = "mffcl"
data = dict(
    train=dict(unit="clip", streams=[], frames=_frames),
    val=dict(streams=[], frames=_frames),
    test=dict(streams=[], frames=_frames),
)
encoders = dict(
    video=dict(type="mffcl.TimeSformer", model="vidcap_mffcl", pretrained=False),
    text=dict(type="mffcl.SmallText", dim=64),
)
head = dict(
    type="mffcl.MFFCLHead",
    streams=dict(video=64),
    lm=dict(model_type="gpt2", n_embd=64, n_layer=2, n_head=4, n_positions=64),
    sequence=4,
    prompt_length=8,
    width=64,
    heads=4,
    feed=128,
    layers=2,
    text=dict(text=64),
    contrast=64,
)
losses = dict(contrastive=dict(type="InfoNCE"), tokens=dict(type="TokenLoss"))
phases = dict(
    align=dict(
        epochs=25,
        losses=["contrastive"],
        best=False,
        keep="align",
        train=["encoders.video", "encoders.text", "head.contrast"],
    ),
    caption=dict(
        epochs=100,
        losses=["tokens"],
        cache=["video"],
        freeze=["encoders.video", "encoders.text", "head.contrast"],
    ),
)
optimizer = dict(type="AdamW", lr=1e-3, weight_decay=0.009)
schedule = dict(type="cosine", warmup=0.05)
generate = dict(mode="beam", beam=3, length="avg", max_length=20)
evaluate = dict(every=25)
runtime = dict(batch=32, log_every=15)
