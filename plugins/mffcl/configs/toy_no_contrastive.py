"""The toy without alignment: as many steps, and TimeSformer learns from the token loss alone."""

_base_ = ["toy.py"]

encoders = dict(
    _delete_=True, video=dict(type="mffcl.TimeSformer", model="vidcap_mffcl", pretrained=False)
)
losses = dict(_delete_=True, tokens=dict(type="TokenLoss"))
head = dict(text=None)
phases = [dict(name="caption", epochs=45, losses=["tokens"])]
