"""A video-language model as it comes on MSVD: one short sentence a clip, scored against what people wrote.

vidcap-run vlm/msvd, with --set head.model=FOLDER --set tokenizer.name=FOLDER for another model.
"""

_base_ = ["vlm/caption", "vidcap://datasets/msvd.py"]

_model = "HuggingFaceTB/SmolVLM2-500M-Video-Instruct"
_frames = dict(count=8, short_side=512, crop=None)
data = dict(train=dict(frames=_frames), val=dict(frames=_frames), test=dict(frames=_frames))
tokenizer = dict(_delete_=True, type="vlm.ChatTokenizer", name=_model)
