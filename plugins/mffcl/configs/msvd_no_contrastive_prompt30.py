"""Table IV: no contrastive loss, a prompt of 30."""

_base_ = ["msvd_no_contrastive.py"]

head = dict(prompt_length=30)
