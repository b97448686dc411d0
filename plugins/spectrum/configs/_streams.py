"""What the paper's data sets share: streams of 60 rows, of which training draws one in each of 28 parts.

A frame, 16 frames and 0.96 s of sound around the middles of 60 equal parts of a clip. The weights of motion and sound
are files of their authors, in the folder that one works in, or `--set extract.motion.pretrained=FILE`.
"""

_base_ = ["_retrieval.py"]

_streams = ["image", "motion", "audio", "retrieved"]

data = dict(
    train=dict(
        streams=_streams,
        optional=["audio"],
        sample=dict(
            kind="segment", count=28, every=True
        ),  # every: the 20 retrieved captions stay as they are
        transforms=[dict(type="spectrum.ClipCaptions")],
    ),
    val=dict(streams=_streams, optional=["audio"]),
    test=dict(streams=_streams, optional=["audio"]),
)
_rows = 60
extract = dict(
    image=dict(type="OpenClipImage", model="ViT-B-32", pretrained="openai", frames=_rows),
    motion=dict(type="ResNeXt3D", pretrained="resnext-101-kinetics.pth", stride=None, clips=_rows, rate=25.0),
    audio=dict(type="VGGish", pretrained="vggish-10086976.pth", rows=_rows),
)
