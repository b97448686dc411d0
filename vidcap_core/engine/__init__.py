"""Training and evaluation: phases, their loop, the runs they make; mmengine is behind `mm.py`."""
