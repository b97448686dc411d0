"""EmVidCap with frames through Inception-ResNet-V2 instead of CLIP: row 1 of the table, with the store of rows 2 to 7.

CLIP's rows, the store `image`, are still there to retrieve captions by.
"""

_base_ = ["emvidcap.py"]

_streams = dict(image="irv2", motion="motion", audio="audio", retrieved="retrieved", clip="image")

data = dict(
    train=dict(streams=_streams),
    val=dict(streams=_streams),
    test=dict(streams=_streams),
)
head = dict(streams=dict(image=1536))
encoders = dict(retrieved=dict(query="clip"))
extract = dict(
    image=dict(type="TimmImage", model="inception_resnet_v2", pretrained=True, frames=60),
    clip=dict(type="OpenClipImage", model="ViT-B-32", pretrained="openai", frames=60),
)
