"""The model behind `vidcap caption FILE`: a bundle and the configs that made it, and no code of its own."""

from __future__ import annotations

VIDCAP_API = 2
