"""SwinBERT as its repository trains it: masked words, a soft mask kept sparse, slow learning over frames."""

method = "swinbert"
losses = dict(tokens=dict(type="TokenLoss"), sparsity=dict(type="swinbert.SparsityLoss", scale=0.5))
phases = dict(
    caption=dict(
        epochs=15,
        losses=["tokens", "sparsity"],
        groups=[dict(parts=["encoders.video"], lr_mult=0.05)],
    )
)
optimizer = dict(type="AdamW", lr=3e-4, weight_decay=0.05)
schedule = dict(type="linear", warmup=0.1)
generate = dict(mode="greedy", max_length=48)
runtime = dict(batch=24, clip_grad=1.0, log_every=50)
