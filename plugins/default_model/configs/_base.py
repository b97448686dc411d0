"""The recipe of the default model, for any data: mean features of the frames start a GRU that says the words."""

method = "default_model"
head = dict(type="MeanPoolGRU", width=240, dropout=0.3)
losses = dict(tokens=dict(type="TokenLoss", smoothing=0.1))
phases = dict(
    words=dict(epochs=60, losses=["tokens"]),
)
optimizer = dict(type="AdamW", lr=1e-3, weight_decay=0.01, fused=True)
schedule = dict(type="cosine", warmup=0.05)
generate = dict(mode="beam", beam=5, length="avg", max_length=20)
runtime = dict(batch=8, clip_grad=5.0)
