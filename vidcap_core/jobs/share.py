"""Which part of a job's files a process takes: `--shard 3/16`, or what a SLURM array says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vidcap_core.errors import UserError
from vidcap_core.files.remote import Source
from vidcap_core.jobs.rows import digest


@dataclass(frozen=True, slots=True)
class Share:
    """The part `index` of `count`; a file belongs to a part by its name alone, whatever else the list holds."""

    index: int = 0
    count: int = 1

    def __str__(self) -> str:
        return f"{self.index}-of-{self.count}"

    def of(self, sources: Sequence[Source]) -> list[Source]:
        """The files of this part, in their order."""
        return [source for source in sources if self.has(source)]

    def has(self, name: Source | str) -> bool:
        """Whether a file or clip is of this part."""
        return self.count == 1 or int(digest(name), 16) % self.count == self.index


def parse(text: str | None, environment: Mapping[str, str]) -> Share:
    """What a person typed after `--shard`; without it, the task of a SLURM array."""
    if text is None:
        count = environment.get("SLURM_ARRAY_TASK_COUNT", "1")
        if not count.isdigit() or int(count) < 2:
            return Share()
        first = int(environment.get("SLURM_ARRAY_TASK_MIN", "0"))
        step = int(environment.get("SLURM_ARRAY_TASK_STEP", "1"))
        return Share((int(environment["SLURM_ARRAY_TASK_ID"]) - first) // step, int(count))
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None or int(match[1]) >= int(match[2]):
        raise UserError(f"--shard '{text}': not of the form i/n with i from 0 to n - 1", hint="--shard 0/8")
    return Share(int(match[1]), int(match[2]))
