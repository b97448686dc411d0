"""What a component lacks on this machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is not there. A component says so in a class method `missing(**arguments)`."""

    what: str  # for example: video encoder 'facebook/timesformer-base-finetuned-k400'
    looked: str  # where it was looked for
    fix: str  # what to run, or what to put where; {at} stands for the component's place in the config
