"""YouCook2 without times: as ActivityNet, with more frames, and the shorter first stage of a later work.

CLIP gets QuickGELU, the activation that OpenAI's weights were trained with.
"""

_base_ = ["vidcap://datasets/youcook2.py", "_base.py"]

_streams = dict(image="clip_l14")
data = dict(
    train=dict(streams=_streams, weak=True, transforms=[dict(type="wsdvc_mask.Sentences")]),
    val=dict(streams=_streams),
    test=dict(streams=_streams),
)
head = dict(frames=100)
optimizer = dict(lr=5e-5)
extract = dict(image=dict(type="OpenClipImage", model="ViT-L-14", pretrained="openai", frames=100))
