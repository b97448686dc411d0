"""Paper size: 32 frames of 224 pixels, Video Swin-B, BERT-base, 784 video tokens; a GPU."""

_base_ = ["_base.py"]

_read = dict(streams=[], frames=dict(kind="uniform", count=32, short_side=224))
data = dict(train=_read, val=_read, test=_read)
tokenizer = dict(_delete_=True, type="HFTokenizer", name="bert-base-uncased")
encoders = dict(video=dict(type="swinbert.VideoSwin", model="swin3d_b", pretrained="swin3d_b.pth"))
head = dict(type="swinbert.SwinBERTHead", streams=dict(video=1024), grid=(16, 7, 7))
