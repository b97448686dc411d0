"""Attributes that nobody said of a clip, but whose meaning comes near to what was said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from vidcap_core.api import ConfigError, build_component, text_rule
from vidcap_spectrum.attributes import Attributes, Emotions

clean = text_rule("words")

PROMPT = "a video about {}"


class SoftLabels:
    """v_k = 1 if max_j cos(TE(caption_j), TE("a video about " + w_k)) >= tau, or a caption says w_k.

    tau is set so that clips have `growth` times as many attributes as captions say.
    """

    def __init__(
        self,
        text: dict[str, Any] | None,
        growth: float,
        count: int,
        stoplist: str,
        emotions: Emotions,
        lexicon: str | None,
    ) -> None:
        if text is None:
            raise ConfigError(
                'match="encoder" needs a text encoder', hint='text=dict(type="HFText", model=...)'
            )
        if growth < 1:
            raise ConfigError(
                f"growth={growth}: a clip cannot have fewer attributes than are said", hint="growth=2.0"
            )
        self._text, self._growth = text, growth
        self._choice = (count, stoplist, emotions, lexicon)

    def add(self, captions: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """The captions, and one more made of the words that come near to them."""
        import torch

        from vidcap_spectrum.embed import embed_texts

        counts = Counter(
            word for texts in captions.values() for text in texts for word in clean(text).split()
        )
        ordered = sorted(counts, key=lambda word: (-counts[word], word))
        attributes = Attributes.of(ordered, *self._choice).words
        encoder = build_component("encoders", self._text).eval()
        names = torch.nn.functional.normalize(
            embed_texts(encoder, [PROMPT.format(w) for w in attributes]), dim=-1
        )
        flat = [text for texts in captions.values() for text in texts]
        texts = torch.nn.functional.normalize(embed_texts(encoder, flat), dim=-1)
        exact, best = [], []
        start = 0
        for own in captions.values():
            best.append((texts[start : start + len(own)] @ names.T).amax(0))
            spoken = {word for text in own for word in clean(text).split()}
            exact.append(torch.tensor([word in spoken for word in attributes]))
            start += len(own)
        similarity, there = torch.stack(best), torch.stack(exact)
        unsaid = similarity[~there]
        more = min(len(unsaid), round(float(there.sum()) * (self._growth - 1)))
        threshold = unsaid.topk(more).values[-1] if more else torch.tensor(torch.inf)
        extra = (similarity >= threshold) & ~there
        return {
            clip: (*own, " ".join(attributes[k] for k in row.nonzero().flatten().tolist()))
            for (clip, own), row in zip(captions.items(), extra, strict=True)
        }
