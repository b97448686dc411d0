"""Retrieval with CLIP ViT-B/32, which makes the stream `image` (frames) and the captions' vectors.

Both need QuickGELU, the activation that OpenAI's weights were trained with. `vidcap features extract spectrum/NAME`
makes the stream of all clips once, after `image`; so does `vidcap retrieve spectrum/NAME -o DIR`, which says how well
it retrieves.
"""

_base_ = ["_base.py"]

encoders = dict(
    retrieved=dict(
        type="spectrum.RetrievedCaptions",
        query="image",
        text=dict(type="OpenClipText", model="ViT-B-32-quickgelu", pretrained="openai"),
    )
)
