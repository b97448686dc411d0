"""Table IV: no contrastive loss; TimeSformer learns from the token loss alone, in as many steps as msvd has in all."""

_base_ = ["msvd.py"]

losses = dict(_delete_=True, tokens=dict(type="TokenLoss"))
encoders = dict(
    _delete_=True, video=dict(type="mffcl.TimeSformer", model="facebook/timesformer-base-finetuned-k400")
)
head = dict(text=None)
phases = dict(
    _delete_=True,
    caption=dict(
        steps=15615, losses=["tokens"], groups=[dict(parts=["encoders.video", "head.lm"], lr_mult=0.5)]
    ),
)
