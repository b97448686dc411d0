"""Contrastive or not, the prompt's length, and the mapper, on real features.

vidcap sweep mffcl/msvd_part --grid plugins/mffcl/configs/_part_grid.py --seeds 2 --split test -o sweeps/mffcl_part

Without the contrastive loss all that trains learns from the token loss, in as many steps and at the same rates.
"""

_tokens = {
    "encoders": {"image_std": {"type": "Standardised", "stream": "image"}},
    "losses": {"tokens": {"type": "TokenLoss"}},
    "head.text": None,
    "phases": {
        "caption": {
            "steps": 200,
            "losses": ["tokens"],
            "train": ["head.temporal", "head.mapper", "head.to_lm"],
            "groups": [{"parts": ["head.mapper", "head.to_lm"], "lr_mult": 2.0}],
        }
    },
}
rows = {
    "contrastive-10": {"head.prompt_length": 10},
    "contrastive-30": {},
    "contrastive-50": {"head.prompt_length": 50},
    "tokens-10": {**_tokens, "head.prompt_length": 10},
    "tokens-30": _tokens,
    "tokens-50": {**_tokens, "head.prompt_length": 50},
    "contrastive-ffn": {"head.mapper": "ffn"},
}
