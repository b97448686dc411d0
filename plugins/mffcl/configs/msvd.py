"""MSVD with the stable recipe; the paper's own schedule is msvd_paper. Base of the ablations.

In batches of 16, 375 steps are five epochs of the 1,200 clips, and 15,240 are five of their 48,774 captions.
"""

from vidcap_core.api import load_config

_base_ = ["vidcap://datasets/msvd.py", "_base.py", "_two.py"]

_align, _caption = load_config("mffcl/_two")["phases"]
phases = [{**_align, "epochs": None, "steps": 375}, {**_caption, "epochs": None, "steps": 15240}]
runtime = dict(batch=16)
