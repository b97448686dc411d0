"""The paper-size recipe on MSVD: CLIP ViT-B/32, 30 frames, 30 epochs. For a GPU."""

_base_ = ["_paper.py", "vidcap://datasets/msvd.py"]

phases = dict(
    caption=dict(epochs=30, losses=["words", "effective_frames"]),
)
