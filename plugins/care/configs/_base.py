"""CARE as its paper has it: 28 rows a stream, concepts from all streams, the decoder attends to the clip's own."""

method = "care"
tokenizer = dict(type="care.CAREVocabulary", concepts=500)
head = dict(
    type="care.CAREHead", concepts=500, top=30, width=512, heads=8, feed=2048, layers=1, max_length=30
)
losses = dict(
    tokens=dict(type="TokenLoss", reduce="clip"),
    concepts=dict(type="BinaryLoss", output="concepts", per="positive", clamp=0.01),
)
phases = dict(caption=dict(epochs=50, losses=["tokens", "concepts"]))
optimizer = dict(type="Adam", lr=5e-4, weight_decay=1e-3)
schedule = dict(type="exponential", gamma=0.9, unit="epoch")
generate = dict(mode="beam", beam=5, length="hf", alpha=1.0, stop="n_finished", max_length=29)
runtime = dict(batch=64, log_every=50)
