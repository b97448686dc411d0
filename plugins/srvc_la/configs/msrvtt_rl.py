"""MSR-VTT with a self-critical stage, which no source of the paper mentions: report its scores apart. For a GPU."""

from vidcap_core.api import load_config

_base_ = ["msrvtt.py", "_rl.py"]

# a list replaces that of the bases, so both stages are set one after the other here
phases = [*load_config("srvc_la/msrvtt")["phases"], *load_config("srvc_la/_rl")["phases"]]
