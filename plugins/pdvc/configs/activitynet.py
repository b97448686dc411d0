"""PDVC on ActivityNet Captions: C3D features of 500 numbers in a store `c3d`. For a GPU."""

_base_ = ["_activitynet.py"]

_streams = dict(image="c3d")
data = dict(train=dict(streams=_streams), val=dict(streams=_streams), test=dict(streams=_streams))
head = dict(streams=dict(image=500))
