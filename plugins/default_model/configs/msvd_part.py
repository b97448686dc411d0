"""A member of the model that shipped before: image features alone, one random caption a clip and epoch.

`benchmarks/cross_validation.py` sets it beside the model that ships.
"""

_base_ = ["_base.py", "vidcap://datasets/msvd_part.py"]

data = dict(
    train=dict(streams=["image"]),
    val=dict(streams=["image"]),
    test=dict(streams=["image"]),
)
tokenizer = dict(min_count=5)
head = dict(streams=dict(image=1280))
# the cached features were made of squares as high as the picture
extract = dict(image=dict(type="EfficientNetLite0", crop=1.0))
evaluate = dict(every=0, best=None)
runtime = dict(save_every=1000, log_every=100)
