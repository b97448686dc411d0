"""The weights behind the encoders PictureWords and PictureWordsText, and no code of its own."""

from __future__ import annotations

VIDCAP_API = 2
