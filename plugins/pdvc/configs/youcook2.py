"""PDVC on YouCook2: features of 3,072 numbers (two streams of TSN) in a store `tsn`, a hundred queries. For a GPU."""

_base_ = ["_base.py", "vidcap://datasets/youcook2.py"]

_streams = dict(image="tsn")
data = dict(train=dict(streams=_streams), val=dict(streams=_streams), test=dict(streams=_streams))
tokenizer = dict(_delete_=True, type="pdvc.PDVCVocabulary", min_count=3)
head = dict(streams=dict(image=3072), frames=200, queries=100, most_events=20)
