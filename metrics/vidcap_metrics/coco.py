"""The interface of pycocoevalcap, so that its users change the import and nothing else.

    from vidcap_metrics.coco import Bleu, Cider, COCOEvalCap, Meteor, PTBTokenizer, Rouge

Numbers are those of pycocoevalcap; no Java is started. Its `Cider` is what papers call CIDEr, which is CIDEr-D.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from vidcap_metrics import ptb
from vidcap_metrics.arrays import Floats
from vidcap_metrics.bleu import Bleu as OurBleu
from vidcap_metrics.cider import CiderD
from vidcap_metrics.errors import DataError
from vidcap_metrics.metric import Metric, Values
from vidcap_metrics.ngrams import ORDERS
from vidcap_metrics.references import Predictions, References
from vidcap_metrics.rouge import Rouge as OurRouge

Gts = Mapping[Any, Sequence[str]]
"""Tokenised references by image."""
Res = Mapping[Any, Sequence[str]]
"""One tokenised caption by image, as a list of one."""


class PTBTokenizer:
    """Captions as Penn Treebank tokens, without punctuation."""

    def tokenize(self, captions_for_image: Mapping[Any, Sequence[Any]]) -> dict[Any, list[str]]:
        """`{id: [{"caption": text}, ...]}`, or plain texts, → `{id: [tokens, ...]}`, without ids that have none."""
        texts = {
            image: [caption["caption"] if isinstance(caption, Mapping) else caption for caption in captions]
            for image, captions in captions_for_image.items()
            if captions
        }
        tokens = iter(ptb.tokenize([text for captions in texts.values() for text in captions]))
        return {image: [next(tokens) for _ in captions] for image, captions in texts.items()}


class CocoMetric(ABC):
    """One scorer; `compute_score` gives the corpus value and those of the images, in the order of `gts`."""

    label: ClassVar[str]

    def method(self) -> str:
        """The metric's name in pycocoevalcap."""
        return self.label

    def compute_score(self, gts: Gts, res: Res, verbose: int = 0) -> tuple[Any, Any]:
        """Score the captions `res` against the references `gts`; both tokenised."""
        references, captions = checked(gts, res)
        metric = self._metric()
        return self._given(metric.score(metric.prepare(references), captions))

    @abstractmethod
    def _metric(self) -> Metric: ...

    def _given(self, values: Values) -> tuple[Any, Any]:
        """The one value of a metric, in pycocoevalcap's types."""
        (value,), (clips,) = values.corpus.values(), values.clips.values()
        return np.float64(value), np.array(list(clips.values()))


class Bleu(CocoMetric):
    """BLEU-1 … BLEU-n: lists of n values and of n lists."""

    label = "Bleu"

    def __init__(self, n: int = ORDERS) -> None:
        if not 1 <= n <= ORDERS:
            raise DataError(f"Bleu({n}): n-grams are counted up to {ORDERS}", hint="Bleu(4)")
        self._n = n

    def _metric(self) -> Metric:
        return OurBleu()

    def _given(self, values: Values) -> tuple[list[float], list[list[float]]]:
        clips = [list(clip_values.values()) for clip_values in values.clips.values()]
        return list(values.corpus.values())[: self._n], clips[: self._n]


class Rouge(CocoMetric):
    """ROUGE-L."""

    label = "Rouge"

    def _metric(self) -> Metric:
        return OurRouge()


class Cider(CocoMetric):
    """CIDEr-D with the document frequencies of `gts`; a single image scores 0, as in pycocoevalcap."""

    label = "CIDEr"

    def __init__(self, test: object = None, refs: object = None, n: int = 4, sigma: float = 6.0) -> None:
        if n != ORDERS or sigma != 6.0:
            raise DataError(
                f"Cider(n={n}, sigma={sigma:g}): only n=4 and sigma=6 are offered", hint="Cider()"
            )

    def _metric(self) -> Metric:
        return CiderD(single_clip="zero")


class Meteor(CocoMetric):
    """METEOR 1.5; its tables are read from the installed pycocoevalcap, but no Java is started."""

    label = "METEOR"

    def __init__(self) -> None:
        from vidcap_metrics.meteor.metric import Meteor as OurMeteor

        self._own = OurMeteor()

    def _metric(self) -> Metric:
        return self._own

    def _given(self, values: Values) -> tuple[float, list[float]]:
        return values.corpus["METEOR"], list(values.clips["METEOR"].values())


class Annotations(Protocol):
    """What is read of pycocotools' COCO."""

    imgToAnns: Mapping[Any, Sequence[Mapping[str, Any]]]

    def getImgIds(self) -> Sequence[Any]:
        """All images."""
        ...


class COCOEvalCap:
    """All scores of results against annotations, both loaded by pycocotools: in `eval`, `imgToEval` and `evalImgs`.

    SPICE, which is Java, is not among them.
    """

    def __init__(self, coco: Annotations, cocoRes: Annotations) -> None:
        self.evalImgs: list[dict[str, Any]] = []
        self.eval: dict[str, float] = {}
        self.imgToEval: dict[Any, dict[str, Any]] = {}
        self.coco = coco
        self.cocoRes = cocoRes
        self.params: dict[str, Any] = {"image_id": coco.getImgIds()}

    def evaluate(self) -> None:
        """Tokenise and score the images in `params["image_id"]`."""
        images = self.params["image_id"]
        tokenizer = PTBTokenizer()
        gts = References(tokenizer.tokenize({image: self.coco.imgToAnns[image] for image in images}))
        res = tokenizer.tokenize({image: self.cocoRes.imgToAnns[image] for image in images})
        for scorer in (Bleu(), Meteor(), Rouge(), Cider()):
            score, scores = scorer.compute_score(gts, res)
            if isinstance(scorer, Bleu):
                for n, (value, values) in enumerate(zip(score, scores, strict=True), start=1):
                    self._keep(f"Bleu_{n}", value, gts, values)
            else:
                self._keep("ROUGE_L" if isinstance(scorer, Rouge) else scorer.method(), score, gts, scores)
        self.evalImgs = list(self.imgToEval.values())

    def _keep(self, name: str, value: float, images: Gts, values: Sequence[float] | Floats) -> None:
        self.eval[name] = value
        for image, score in zip(images, values, strict=True):
            self.imgToEval.setdefault(image, {"image_id": image})[name] = score


def checked(gts: Gts, res: Res) -> tuple[References, Predictions]:
    """References and captions of the same images, in the order of `gts`; pycocoevalcap asserts the same."""
    if gts.keys() != res.keys():
        odd = next(iter(gts.keys() ^ res.keys()))
        raise DataError(
            f"gts and res hold different images: {odd!r} is in only one of them",
            hint="res = {image: res[image] for image in gts}",
        )
    for image, captions in res.items():
        if isinstance(captions, str) or len(captions) != 1:
            raise DataError(
                f"res[{image!r}] is {captions!r:.40}, not a list of one caption", hint="['a man runs']"
            )
        if isinstance(gts[image], str) or not gts[image]:
            raise DataError(
                f"gts[{image!r}] is {gts[image]!r:.40}, not a list of captions",
                hint="['a man runs', 'a run']",
            )
    return References.of(gts), Predictions({image: res[image][0] for image in gts})
