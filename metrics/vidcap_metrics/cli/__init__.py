"""The command `vidcap-score`; `vidcap score` is the same code."""
