"""The ablation, second part: width, the padding encoder, explicit sparsity, fusion; A5 is the row to compare with.

vidcap sweep srvc_la/msvd_part --grid plugins/srvc_la/configs/_grid_more.py --seeds 3 --split test -o sweeps/srvc_more
"""

_none = {"head.vrc_concat": "none"}

rows = {
    "A5": {},
    "A4w": {**_none, "head.d_model": 400},  # A4 with as many weights as A5; 848 at paper size
    "A7i": {"head.pad_encoder": "identity"},
    "A7s": {"head.pad_encoder": "shared"},
    "A7l": {"head.pad_type": "learned"},
    "A8s": {"head.attn_norm": "sparsemax"},
    "A8e": {"head.attn_norm": "entmax15"},
    "A8g": {**_none, "losses.words.sparse_loss_weight": 0.1},  # a price instead of the structure
    "A9-3": {"head.fusion_lambda": 0.3},  # the joint loss knows no lambda: same weights, decoded differently
    "A9-4": {"head.fusion_lambda": 0.4},
    "A9-6": {"head.fusion_lambda": 0.6},
    "A9-7": {"head.fusion_lambda": 0.7},
    "A9p": {"head.fusion": "logprob_avg"},
    "A9n": {"losses.words.loss_mode": "fused_nll"},
    "A9c": {"head.fusion": "concat_hidden"},
}
