"""What a bundle says of Flickr8k's held-out pictures (every 16th of the sorted names): captions, and words for people.

python plugins/default_model/benchmarks/held_out.py BUNDLE --store STORE --out FOLDER

STORE holds the features that the bundle's `image` stream is made of. FOLDER gets captions.json, references.json and
people.json: of the pictures whose captions agree about who is seen, how often the model says the same, another, or
neither.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from members import captions

from vidcap_core.datasets.flickr8k import Flickr8k
from vidcap_core.saved.bundle import open_bundle
from vidcap_core.saved.load import load_bundle
from vidcap_core.saved.provenance import machine

SEXES = {
    "man": ["man", "men", "boy", "boys", "male", "males", "guy", "guys", "father", "gentleman"],
    "woman": ["woman", "women", "girl", "girls", "female", "females", "lady", "ladies", "mother"],
}
AGES = {
    "child": [
        "boy",
        "boys",
        "girl",
        "girls",
        "child",
        "children",
        "kid",
        "kids",
        "baby",
        "toddler",
        "toddlers",
    ],
    "adult": ["man", "men", "woman", "women", "lady", "ladies", "guy", "guys", "adult", "adults"],
}
AGREE = 3
"""Captions of five that must name one group, and none the other."""


def groups_of(text: str, groups: Mapping[str, Sequence[str]]) -> set[str]:
    """The groups that a text names."""
    words = set(re.findall(r"[a-z]+", text.lower()))
    return {name for name, of_group in groups.items() if words & set(of_group)}


def confusion(
    said: Mapping[str, str], references: Mapping[str, Sequence[str]], groups: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, int]]:
    """Group that people name -> what the model names: a group, both or neither -> pictures."""
    table: dict[str, Counter[str]] = {name: Counter() for name in groups}
    for clip, texts in references.items():
        named = Counter(name for text in texts for name in groups_of(text, groups))
        for name in groups:
            if named[name] >= AGREE and sum(named.values()) == named[name]:
                own = groups_of(said[clip], groups)
                table[name]["both" if len(own) > 1 else next(iter(own), "neither")] += 1
    return {name: dict(counts) for name, counts in table.items()}


def main() -> None:
    """Caption, count, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    captioner = load_bundle(open_bundle(args.bundle))
    held = Flickr8k("val", streams={"image": str(args.store)})
    said, references = captions(captioner, held), held.references()
    words = captioner.tokenizer.state()["words"]
    known = {
        w for of in (*SEXES.values(), *AGES.values(), ["person", "people", "couple", "crowd"]) for w in of
    }
    people = {
        "pictures": len(said),
        "different captions": len(set(said.values())),
        "words for people that it knows": sorted(known & set(words)),
        "man or woman": confusion(said, references, SEXES),
        "child or adult": confusion(said, references, AGES),
        "machine": machine(),
    }
    args.out.mkdir(parents=True, exist_ok=True)
    for name, content in (("captions", said), ("references", references), ("people", people)):
        (args.out / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(people, indent=1))


if __name__ == "__main__":
    main()
