"""PDVC as its paper has it, with the captioner that looks for each word; data and streams are said elsewhere."""

method = "pdvc"
head = dict(type="pdvc.PDVCHead", frames=100, queries=10, most_events=10)
losses = dict(
    scores=dict(type="pdvc.EventScoreLoss", scale=2.0),
    spans=dict(type="pdvc.EventSpanLoss", scale=4.0),
    count=dict(type="pdvc.EventCountLoss", scale=0.5),
    tokens=dict(type="pdvc.EventTokenLoss", scale=2.0),
)
phases = dict(events=dict(epochs=30, losses=["scores", "spans", "count", "tokens"]))
optimizer = dict(type="Adam", lr=5e-5, weight_decay=1e-4)
schedule = dict(type="exponential", gamma=0.87, unit="epoch")
generate = dict(mode="greedy", max_length=30)
evaluate = dict(
    every=1,
    best="SODA_c",
    metrics=[dict(type="dense", garbage="2021", missing="zero"), dict(type="soda_c", missing="zero")],
)
runtime = dict(batch=1, clip_grad=100.0, log_every=100)
