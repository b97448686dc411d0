"""The core's small Transformer on the same stream and schedule: a baseline, nothing ships from it.

As the core has it, its word embeddings start so large that it scores CIDEr-D 0.14 to 0.18 on the test clips here. The
baseline in the card had `nn.init.normal_(self.embed.weight, std=width**-0.5)` in its constructor: 0.60.
"""

_base_ = ["msvd_part.py"]

head = dict(
    _delete_=True, type="SmallTransformer", streams=dict(image=1280), width=256, layers=2, dropout=0.1
)
losses = dict(_delete_=True, tokens=dict(type="TokenLoss"))
optimizer = dict(lr=5e-4)
