"""Retrieval with CLIP ViT-B/32, which made the streams `image` (frames) and the captions' vectors.

The streams of all clips are made once: `vidcap retrieve spectrum/NAME -o .../features`.
"""

_base_ = ["_base.py"]

encoders = dict(
    retrieved=dict(
        type="spectrum.RetrievedCaptions",
        query="image",
        text=dict(type="OpenClipText", model="ViT-B-32-quickgelu", pretrained="openai"),
    )
)
