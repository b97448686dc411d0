"""NACF: motion and image, a template of visual words, five passes over masks, six lengths."""

method = "care"
tokenizer = dict(type="care.CAREVocabulary", concepts=500)
head = dict(type="care.NACFHead", width=512, heads=8, feed=2048, layers=1, max_length=30)
losses = dict(
    tokens=dict(type="TokenLoss", reduce="clip"),
    visual=dict(type="TokenLoss", output="visual", reduce="clip", scale=0.8),
    length=dict(type="care.LengthLoss"),
)
phases = dict(caption=dict(epochs=50, losses=["tokens", "visual", "length"]))
optimizer = dict(type="Adam", lr=5e-4, weight_decay=5e-4)
schedule = dict(type="exponential", gamma=0.9, unit="epoch")
generate = dict(max_length=30)
runtime = dict(batch=64, log_every=50, clip_grad=5.0)
