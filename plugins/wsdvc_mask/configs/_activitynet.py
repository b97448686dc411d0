"""ActivityNet Captions without times: CLIP ViT-L/14 embeddings of one frame a second, in a store `clip_l14`.

CLIP gets QuickGELU, the activation that OpenAI's weights were trained with.
"""

_base_ = ["vidcap://datasets/activitynet.py"]

_streams = dict(image="clip_l14")
data = dict(
    train=dict(streams=_streams, weak=True, transforms=[dict(type="wsdvc_mask.Sentences")]),
    val=dict(streams=_streams),
    test=dict(streams=_streams),
)
extract = dict(
    image=dict(type="OpenClipImage", model="ViT-L-14", pretrained="openai", frames=dict(kind="fps", rate=1.0))
)
