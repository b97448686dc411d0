"""The same with low-rank adapters alone, as large models are taught: checkpoints and bundles hold nothing else."""

_base_ = ["vlm/toy"]

head = dict(lora=dict(r=16, lora_alpha=32))
optimizer = dict(lr=1e-2)
phases = dict(caption=dict(train=["*lora_*"]))
runtime = dict(save="trained")
