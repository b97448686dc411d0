"""Makes the default model: trains `pictures` and then `clips` with two seeds each, and writes their ensemble.

python plugins/default_model/benchmarks/members.py --stores STORES --runs RUNS --out plugins/default_model/bundles/NAME
    [--captions FILE] [--references FILE]

STORES holds the features that the config reads:
    ENCODER="--encoder EfficientNetLite2 --set crop=1.0"
    vidcap features extract --dataset flickr8k $ENCODER --set frames=1 --out STORES/flickr8k_lite2
    vidcap features extract --dataset msvd_part $ENCODER --set frames=16 --out STORES/msvd_lite2

The members stand in one head, `Ensemble`, which writes by the mean of their logits. Weights are stored as float16.
"""

from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Sequence
from pathlib import Path

import torch

from vidcap_core.captioner.build import build_captioner
from vidcap_core.captioner.captioner import Captioner
from vidcap_core.config.files import Config, load_config
from vidcap_core.config.validate import captioner_recipe
from vidcap_core.datasets.annotated import Dataset
from vidcap_core.datasets.msvd import MSVDPart
from vidcap_core.engine import runs
from vidcap_core.engine.data import evaluation_batches
from vidcap_core.saved import bundle
from vidcap_core.saved.load import load_bundle, load_run
from vidcap_core.saved.run import RunFolder

SEEDS = 3
CLIPS, PICTURES = "msvd_lite2", "flickr8k_lite2"


def picture_config(stores: Path, seed: int) -> Config:
    """The first run of a member."""
    at = [
        f"data.{split}.streams.image='{(stores / PICTURES).resolve()}'" for split in ("train", "val", "test")
    ]
    return load_config("default_model/pictures", [f"seed={seed}", "evaluate.metrics=['cider-d']", *at])


def clip_config(stores: Path, seed: int, first: Path, changes: Sequence[str] = ()) -> Config:
    """The second run of a member, which starts from the first."""
    streams = {"train.of.clips": CLIPS, "train.of.pictures": PICTURES, "val": CLIPS, "test": CLIPS}
    at = [f"data.{key}.streams.image='{(stores / name).resolve()}'" for key, name in streams.items()]
    start = f"start_from.run='{first.resolve()}'"
    return load_config(
        "default_model/clips", [f"seed={seed}", "evaluate.metrics=['cider-d']", *at, start, *changes]
    )


def member(stores: Path, runs: Path, seed: int, fold: int | None = None) -> tuple[Captioner, Config]:
    """Both runs of a member, and its config; with a fold, one that has not seen it."""
    first = runs / f"pictures-seed{seed}"
    trained(picture_config(stores, seed), first)
    changes = [f"data.train.of.clips.fold={fold}", f"data.val.fold={fold}"] if fold is not None else []
    config = clip_config(stores, seed, first, changes)
    return trained(config, runs / f"{'final' if fold is None else f'fold{fold}'}-seed{seed}"), config


def trained(config: Config, folder: Path) -> Captioner:
    """The captioner of a run; what is trained already is not trained again."""
    run = RunFolder(folder)
    if not run.scores("val").is_file():
        runs.train(config, work_dir=folder, resume=run.config.is_file(), quiet=True)
    return load_run(folder, extractors=False).eval()


@torch.no_grad()
def together(members: Sequence[Captioner], config: Config) -> Captioner:
    """One captioner that writes by the mean of the members' logits."""
    first = members[0]
    if any(member.tokenizer.state() != first.tokenizer.state() for member in members):
        raise ValueError("the members have different words")
    made = build_captioner(captioner_recipe(ensemble_config(config, len(members))), first.tokenizer)
    weights = {
        f"head.members.{number}.{name}": value
        for number, member in enumerate(members)
        for name, value in member.head.state_dict().items()
    }
    made.load_state_dict(weights)
    made.settings = first.settings
    return made.eval()


def ensemble_config(config: Config, members: int) -> Config:
    """The config of what ships: several such heads in one, and nothing of how they were trained beside it."""
    data = {key: copy.deepcopy(value) for key, value in config.items() if key != "start_from"}
    train = data["data"]["train"]
    for split in (*train.get("of", {"all": train}).values(), data["data"]["val"], data["data"]["test"]):
        if isinstance(split["streams"], dict):
            split["streams"] = {name: Path(store).name for name, store in split["streams"].items()}
    head = {key: value for key, value in data["head"].items() if key != "streams"}
    data["head"] = {"type": "Ensemble", "head": head, "streams": data["head"]["streams"], "members": members}
    return Config(config.name, data)


def captions(captioner: Captioner, dataset: Dataset) -> dict[str, str]:
    """What a captioner says of each clip."""
    batches = evaluation_batches(dataset, captioner.tokenizer, 64)
    return {p.clip.id: p.text for batch in batches for p in captioner.predict(batch)}


def main() -> None:
    """Train what is missing, and write the bundle."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stores", type=Path, required=True, help="folder of the features")
    parser.add_argument("--runs", type=Path, required=True, help="folder of the members' runs")
    parser.add_argument("--out", type=Path, required=True, help="the bundle's folder (new)")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--captions", type=Path, help="where to write what the bundle says of the test split")
    parser.add_argument("--references", type=Path, help="where to write what people said of it")
    args = parser.parse_args()
    members = [member(args.stores, args.runs, seed) for seed in range(args.seeds)]
    config = members[0][1]
    made = together([captioner for captioner, _ in members], config)
    made.head.half()
    bundle.save(
        args.out,
        made,
        ensemble_config(config, len(members)),
        {"made by": "plugins/default_model/benchmarks/members.py", "seeds": list(range(args.seeds))},
    )
    print(f"bundle: {args.out}")
    test = MSVDPart("test", streams={"image": str(args.stores / CLIPS)})
    if args.captions:
        shipped = load_bundle(bundle.open_bundle(args.out))
        args.captions.write_text(json.dumps(captions(shipped, test), indent=1) + "\n", encoding="utf-8")
    if args.references:
        args.references.write_text(json.dumps(test.references()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
