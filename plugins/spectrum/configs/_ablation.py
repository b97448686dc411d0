"""The fourteen rows of the paper's table on EmVidCap.

vidcap sweep spectrum/emvidcap --grid plugins/spectrum/configs/_ablation.py --seeds 3 -o DIR
Rows 1-7: frames through Inception-ResNet-V2, in a store `irv2` of width 1536 that `spectrum/emvidcap_irv2` makes.
Captions are retrieved with CLIP in all rows, from the store `retrieved`.
"""

_VAT = dict(image=512, motion=2048, audio=128, retrieved=512)
_SPLITS = ("train", "val", "test")


def _row(streams, frames, **switches):
    widths = {name: _VAT[name] for name in streams}
    stores = {name: frames if name == "image" else name for name in streams}
    changes = {}
    if frames == "irv2":
        widths["image"] = 1536
        changes["extract.image"] = dict(
            type="TimmImage", model="inception_resnet_v2", pretrained=True, frames=60
        )
        if "retrieved" in streams:  # of what CLIP sees, which the head does not read
            stores["clip"] = "image"
            changes["extract.clip"] = dict(
                type="OpenClipImage", model="ViT-B-32", pretrained="openai", frames=60
            )
            changes["encoders.retrieved.query"] = "clip"
    if "retrieved" not in streams:
        changes["encoders"] = {}
    changes["head.streams"] = widths
    for split in _SPLITS:
        changes[f"data.{split}.streams"] = stores
        changes[f"data.{split}.optional"] = ["audio"] if "audio" in streams else []
    return {**changes, **{f"head.{key}": value for key, value in switches.items()}}


def _rows(frames, first):
    v, va = ["image", "motion"], ["image", "motion", "audio"]
    vt, vat = ["image", "motion", "retrieved"], ["image", "motion", "audio", "retrieved"]
    baseline = _row(v, frames, vtai=False, aeb=False, cfb=False)
    baseline |= {f"phases.{n}.losses": ["tokens"] for n in ("high", "low")}
    baseline |= {"phases.low.groups.0.parts": ["head.encoders"]}
    made = [
        _row(vat, frames),
        _row(vat, frames, aeb=False),
        _row(vat, frames, cfb=False),
        _row(va, frames),
        _row(vt, frames),
        _row(v, frames),
        baseline,
    ]
    return {f"row{first + n}": changes for n, changes in enumerate(made)}


rows = {**_rows("irv2", 1), **_rows("image", 8)}
