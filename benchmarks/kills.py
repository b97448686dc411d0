"""Kill training of every plugin's phases and resume: `python benchmarks/kills.py` prints and writes how it ended.

Threshold, from before it was measured: at least 40 kills, and weights and logged losses of each run that was killed
are bit for bit those of one that never was.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from vidcap_core.testing.measured import write

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "kills.json"
NAMES = ("core/toy", "default_model/toy", "mffcl/toy", "spectrum/toy", "srvc_la/toy", "wsdvc_mask/toy")
AVERAGED = {"ema": 0.9, "workers": 2, "clip_grad": 1.0}


def main() -> int:
    """Run, print, write; 1 where a bit differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(NAMES))
    parser.add_argument("--kills", type=int, default=7, help="of each")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    sys.path.insert(0, str(ROOT / "tests"))
    import torch
    from killed_runs import final, in_child, killed_often, losses, same, small

    torch.set_num_threads(1)  # before any fork: threads of a parent do not exist in its child
    setups = {name: small(name) for name in args.names}
    if "core/toy" in setups:
        setups["core/toy, averaged, two workers"] = small("core/toy", **AVERAGED)
    rows = []
    for name, config in setups.items():
        with tempfile.TemporaryDirectory(prefix="vidcap-kills-") as scratch:
            whole, chance, kills, equal = Path(scratch) / "whole", random.Random(27), 0, True
            assert in_child(config, whole, False) == 0
            for number in range(args.kills):  # a run may end before it is killed
                killed = Path(scratch) / str(number)
                kills += killed_often(config, killed, chance, args.kills - kills)
                equal &= same(final(whole), final(killed)) and losses(whole) == losses(killed)
                if kills >= args.kills:
                    break
        rows.append({"run": name, "phases": list(config["phases"]), "kills": kills, "same": equal})
        print(f"{name}: {kills} kills, {'bit for bit' if equal else 'DIFFERENT'}", flush=True)
    total = sum(row["kills"] for row in rows)
    print(f"{total} kills")
    write(args.out, {"rows": rows, "kills": total})
    return 0 if all(row["same"] for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
