"""The ablation: each mend alone on top of `parity`, kinds of masks, losses.

vidcap sweep wsdvc_mask/made_up_parity --grid plugins/wsdvc_mask/configs/_grid.py --seeds 3 --split test -o sweeps/mends
"""

rows = {
    "parity": {},
    "cauchy": {"head.mask": "cauchy"},
    "hard": {"head.mask": "hard"},
    "tau 1": {"head.tau": 1.0},
    "tau 3": {"head.tau": 3.0},
    "gamma 0.5": {"losses.diversity.gamma": 0.5},
    "no count taught": {"head.teach_count": False},
    "mend: float32 masks with a floor": {"head.float32": True, "head.min_width": None},
    "mend: blank": {"head.blank": True},
    "mend: positions": {"head.position_std": 0.02},
    "mend: log M in attention": {"head.masking": "both"},
    "mend: text-conditioned queries": {"head.query_cond": "text", "head.order": "given"},
    "mend: frames say whose they are": {"head.place": "frames", "head.float32": True, "head.min_width": None},
    "mend: equal segments first": {"head.prior": "uniform"},
    "mend: intervals inside the clip": {"head.inside": True},
    "mend: separators": {"head.separator": "sep"},
    "mend: number counts": {"head.count_from": "number"},
    "mend: final weights count": {"head.count_weights": "final"},
    "mend: casing": {"head.casing": "keep"},
}
