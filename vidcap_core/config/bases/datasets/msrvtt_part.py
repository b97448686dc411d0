"""The part of MSR-VTT's train split with real features: 850 clips to train on, 50 to validate on; no test."""

data = dict(
    train=dict(type="MSRVTTPart", split="train", streams=["image"]),
    val=dict(type="MSRVTTPart", split="val", streams=["image"]),
)
tokenizer = dict(type="Vocabulary", min_count=3)
