"""The paper-size recipe on MSR-VTT (2016): CLIP ViT-B/32, 30 frames, 20 epochs, words seen three times. For a GPU."""

_base_ = ["_paper.py", "vidcap://datasets/msrvtt.py"]

phases = dict(
    caption=dict(epochs=20, losses=["words", "effective_frames"]),
)
