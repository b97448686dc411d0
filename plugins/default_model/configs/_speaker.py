"""What the two runs of the model that ships share: a GRU over the mean features of EfficientNet-Lite2."""

method = "default_model"
tokenizer = dict(type="Vocabulary", min_count=8)
extract = dict(image=dict(type="EfficientNetLite2", crop=1.0, frames=12))
head = dict(type="MeanPoolGRU", streams=dict(image=1280), width=320, dropout=0.3, tied=True)
losses = dict(tokens=dict(type="TokenLoss", smoothing=0.1))
optimizer = dict(type="AdamW", lr=1e-3, weight_decay=0.01, fused=True)
schedule = dict(type="cosine", warmup=0.05)
generate = dict(mode="beam", beam=5, length="avg", max_length=20)
evaluate = dict(every=0, best=None)
runtime = dict(batch=64, clip_grad=5.0, amp="bf16", save_every=1500, log_every=100)
