"""With and without alignment on the toy: the same steps and rates.

In the first phase `contrastive` aligns its video side with texts; `tokens` learns captions with all that its loss
reaches. The second phase is the same.

The last weights are scored on the test clips, so that nothing is chosen on the clips that are reported.
"""

_budget = {"evaluate.split": "test", "evaluate.every": 0}
rows = {
    "contrastive": _budget,
    "tokens": {
        **_budget,
        "phases.align.losses": ["tokens"],
        "phases.align.train": None,
        "phases.align.freeze": ["encoders.text", "head.contrast"],
    },
}
