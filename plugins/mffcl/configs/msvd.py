"""MSVD with the stable recipe; the paper's own schedule is msvd_paper. Base of the ablations.

In batches of 16, 375 steps are five epochs of the 1,200 clips, and 15,240 are five of their 48,774 captions.
"""

_base_ = ["vidcap://datasets/msvd.py", "_base.py", "_two.py"]

phases = dict(align=dict(steps=375), caption=dict(steps=15240))
runtime = dict(batch=16)
