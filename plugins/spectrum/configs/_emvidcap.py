"""What the EmVidCap configs share: the words of the lexicon are in the vocabulary, and CFS chooses."""

from vidcap_core.api import lexicon as _lexicon

_base_ = ["_streams.py"]

tokenizer = dict(forced=sorted(_lexicon().words))
evaluate = dict(metrics=["bleu", "meteor", "rouge", "cider-d", "emotion"], best="CFS")
