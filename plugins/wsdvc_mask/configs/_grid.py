"""The ablation: each change alone on top of `parity`, kinds of masks, losses.

vidcap sweep wsdvc_mask/made_up_parity --grid plugins/wsdvc_mask/configs/_grid.py --seeds 3 --split test -o DIR
"""

rows = {
    "parity": {},
    "cauchy": {"head.mask": "cauchy"},
    "hard": {"head.mask": "hard"},
    "tau 1": {"head.tau": 1.0},
    "tau 3": {"head.tau": 3.0},
    "gamma 0.5": {"losses.diversity.gamma": 0.5},
    "no count taught": {"head.teach_count": False},
    "change: float32 masks with a floor": {"head.float32": True, "head.min_width": None},
    "change: blank": {"head.blank": True},
    "change: positions": {"head.position_std": 0.02},
    "change: log M in attention": {"head.masking": "both"},
    "change: text-conditioned queries": {"head.query_cond": "text", "head.order": "given"},
    "change: frames say whose they are": {
        "head.place": "frames",
        "head.float32": True,
        "head.min_width": None,
    },
    "change: equal segments first": {"head.prior": "uniform"},
    "change: intervals inside the clip": {"head.inside": True},
    "change: separators": {"head.separator": "sep"},
    "change: number counts": {"head.count_from": "number"},
    "change: final weights count": {"head.count_weights": "final"},
    "change: casing": {"head.casing": "keep"},
}
