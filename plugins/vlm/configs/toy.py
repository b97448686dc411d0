"""A tiny SmolVLM with random weights learns the built-in toy videos: it shows that the way works, and nothing else."""

_base_ = ["core/toy"]

_read = dict(size="small", streams=[], frames=dict(kind="uniform", count=4, short_side=32, crop=None))
method = "vlm"
data = dict(train=_read, val=_read, test=_read)
extract = dict(_delete_=True)
tokenizer = dict(_delete_=True, type="vlm.ChatTokenizer", name="tiny")
head = dict(
    _delete_=True,
    type="vlm.ChatModel",
    model="tiny",
    prompt="What happens?",
    frames=4,
    short_side=32,
    script=None,
)
optimizer = dict(lr=3e-3)
generate = dict(_delete_=True, mode="greedy", max_length=24, unknown=True)
runtime = dict(batch=16)
