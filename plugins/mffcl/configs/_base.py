"""The paper's model at its size, trained in two phases by a recipe that is stable; data are said elsewhere."""

method = "mffcl"
tokenizer = dict(type="HFTokenizer", name="gpt2")
encoders = dict(
    video=dict(type="mffcl.TimeSformer", model="facebook/timesformer-base-finetuned-k400"),
    text=dict(type="HFText", model="bert-base-uncased"),
)
head = dict(
    type="mffcl.MFFCLHead",
    streams=dict(video=768),
    lm="gpt2",
    sequence=10,
    prompt_length=50,
    mapper="transformer",
    mapper_input="cls",
    text=dict(text=768),
    contrast=768,
)
losses = dict(
    contrastive=dict(
        type="InfoNCE", temperature=0.07, symmetric=True, normalize=True, gather=True, mask_same_clip=True
    ),
    tokens=dict(type="TokenLoss"),
)
optimizer = dict(type="AdamW", lr=1e-4, weight_decay=0.009)  # of new parts; pretrained ones have half of it
schedule = dict(type="cosine", warmup=0.05)
generate = dict(mode="beam", beam=5, length="hf", max_length=30)
evaluate = dict(best="CIDEr-D")
runtime = dict(clip_grad=1.0, amp="bf16", keep=1)  # a checkpoint is 2.8 to 3.4 GB: the last one and the best
