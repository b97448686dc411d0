r"""The core's two captioners with pictures alone, next to methods that read no motion.

vidcap sweep core/msvd_part --grid vidcap_core/config/bases/_part_pictures.py --seeds 3 --split test \
    -o sweeps/core_pictures
"""

_pictures = {
    **{f"data.{split}.streams": ["image"] for split in ("train", "val", "test")},
    "encoders": {"image_std": {"type": "Standardised", "stream": "image"}},
}
_streams = {"image_std": 1280}
rows = {
    "gru": {**_pictures, "head.streams": _streams},
    "transformer": {
        **_pictures,
        "head": {"type": "SmallTransformer", "streams": _streams, "width": 256, "layers": 2, "dropout": 0.1},
        "optimizer.lr": 5e-4,
    },
}
