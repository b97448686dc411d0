"""ActivityNet Captions with times; 117 training clips have more than ten events, of which the cheapest are taught."""

_base_ = ["_base.py", "vidcap://datasets/activitynet.py"]

head = dict(crowded="cheapest")
tokenizer = dict(_delete_=True, type="pdvc.PDVCVocabulary", min_count=3)
