"""The yardsticks of video captioning for vidcap: S2VT, SA-LSTM, SGN-style and CLIP4Caption-style heads."""

from __future__ import annotations

from vidcap_core.api import hookimpl

VIDCAP_API = 2


@hookimpl
def vidcap_components() -> dict[str, dict[str, str]]:
    """Four heads."""
    return {
        "heads": {
            "S2VT": "vidcap_classics.s2vt:S2VT",
            "SALSTM": "vidcap_classics.sa_lstm:SALSTM",
            "SGN": "vidcap_classics.sgn:SGN",
            "CLIP4Caption": "vidcap_classics.clip4caption:CLIP4Caption",
        }
    }
