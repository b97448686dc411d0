"""CARE on MSR-VTT: stores `audio`, `motion`, `image` and `retrieved` of the authors' widths. For a GPU."""

_base_ = ["_base.py", "_streams.py", "vidcap://datasets/msrvtt.py"]

tokenizer = dict(_delete_=True, type="care.CAREVocabulary", concepts=500, min_count=3)
