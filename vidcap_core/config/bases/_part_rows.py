"""The core's two captioners.

vidcap sweep core/msvd_part --grid vidcap_core/config/bases/_part_rows.py --seeds 3 --split test -o DIR
"""

rows = {
    "gru": {},
    "transformer": {
        "head": dict(
            type="SmallTransformer",
            streams=dict(image_std=1280, motion_std=359),
            width=256,
            layers=2,
            dropout=0.1,
        ),
        "optimizer.lr": 5e-4,
    },
}
