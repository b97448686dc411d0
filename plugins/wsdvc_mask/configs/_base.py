"""The method as its public code behaves (`parity`), at its size; data and streams are said elsewhere."""

method = "wsdvc_mask"
tokenizer = dict(type="HFTokenizer", name="distilgpt2", specials=["<PAD>", "<FULL>", "<MASK>"])
head = dict(type="wsdvc_mask.MaskHead", streams=dict(image=768), lm="distilgpt2")
losses = dict(
    full=dict(type="TokenLoss", output="full"),
    positive=dict(type="TokenLoss", output="positive"),
    negative=dict(type="TokenLoss", output="negative"),
    diversity=dict(type="wsdvc_mask.MaskDiversity"),
)
phases = dict(
    count=dict(epochs=10, losses=["full"], freeze=["head.localiser"], best=False),
    locate=dict(
        epochs=10,
        updates=[["positive", "diversity"], ["negative", "diversity"]],
        optimizer="keep",
        best=False,
    ),
)
optimizer = dict(type="AdamW", lr=1e-4, betas=[0.9, 0.99], weight_decay=0.01)
schedule = dict(type="cosine", warmup=0.05, span="run")
generate = dict(
    mode="beam",
    beam=4,
    length="hf",
    no_repeat_ngram=4,
    max_length=32,
    min_length=4,
    kinds=dict(count=dict(max_length=128, min_length=8)),
)
evaluate = dict(
    every=0,
    best=None,
    metrics=[dict(type="dense", garbage="2021", missing="skip"), dict(type="soda_c", missing="skip")],
)
runtime = dict(batch=64, clip_grad=1.0, amp="bf16")
