"""The recipe that the yardsticks share; head, data and streams are theirs to say."""

method = "classics"
losses = dict(tokens=dict(type="TokenLoss"))
optimizer = dict(type="AdamW", lr=4e-4, weight_decay=1e-4)
schedule = dict(type="cosine", warmup=0.05)
phases = dict(caption=dict(epochs=30, losses=["tokens"]))
generate = dict(mode="beam", beam=5, length="avg", max_length=30)
runtime = dict(batch=64, clip_grad=5.0, log_every=50)
