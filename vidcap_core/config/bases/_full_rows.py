"""The core's two captioners at full size, on the same store with the same schedule.

vidcap sweep core/msrvtt --grid vidcap_core/config/bases/_full_rows.py --seeds 3 --split test -o DIR
"""

rows = {
    "gru": {},
    "transformer": {"head.type": "SmallTransformer", "head.layers": 2, "head.dropout": 0.1},
}
