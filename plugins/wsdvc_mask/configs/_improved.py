"""Our changes: each line below is a switch of its own, and each has its row in the ablation."""

tokenizer = dict(specials=["<PAD>", "<FULL>", "<MASK>", "<SEP>"])
head = dict(
    float32=True,
    min_width=None,  # 1 / T
    project=True,
    blank=True,
    position_std=0.02,
    query_cond="text",
    place="frames",
    order="given",
    prior="uniform",
    inside=True,
    casing="keep",
    no_sentence=None,
    separator="sep",
    count_from="number",
    count_weights="final",
    max_events=16,
    length_groups=4,
)
generate = dict(kinds=dict(event=dict(banned=["<FULL>", "<MASK>", "<SEP>"])))
losses = dict(
    width=dict(type="wsdvc_mask.MaskStatistic", of="width", scale=0.0),
    overlap=dict(type="wsdvc_mask.MaskStatistic", of="overlap", scale=0.0),
    entropy=dict(type="wsdvc_mask.MaskStatistic", of="entropy", scale=0.0),
    clamped=dict(type="wsdvc_mask.MaskStatistic", of="clamped", scale=0.0),
)
phases = dict(
    count=dict(epochs=10, losses=["full"], freeze=["head.localiser", "head.encoder.blank"], best=False),
    locate=dict(
        epochs=10,
        optimizer="keep",
        best=False,
        losses=["full", "positive", "negative", "diversity", "width", "overlap", "entropy", "clamped"],
    ),
)
