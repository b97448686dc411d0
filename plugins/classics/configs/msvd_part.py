"""SA-LSTM on the part of MSVD with real features; `_grid.py` has the other heads."""

_base_ = ["_msvd_part.py"]

head = dict(type="classics.SALSTM")
