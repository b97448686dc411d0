"""Retrieval with CLIP ViT-B/32, which made the streams `image` (frames) and the captions' vectors.

Both need QuickGELU, the activation that OpenAI's weights were trained with: `text` here, and the encoder of `image`
(`vidcap features extract --encoder OpenClipImage --set model=ViT-B-32 --set pretrained=openai`).

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
