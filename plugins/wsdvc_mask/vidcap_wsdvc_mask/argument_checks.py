"""Numbers of the head that do not go together."""

from __future__ import annotations

from vidcap_core.api import ConfigError


def check_sizes(
    given: int,
    width: int,
    project: bool,
    heads: int,
    frames: int,
    queries: int,
    events: int,
    tau: float,
    groups: int,
) -> None:
    """Refuse numbers that do not go together."""
    if given != width and not project:
        raise ConfigError(
            f"the streams are {given} wide together, encoder and mask generator {width}",
            hint="head.project=True",
        )
    if width % heads:
        raise ConfigError(f"the width {width} must be a multiple of head.heads={heads}", hint="head.heads=4")
    if not 1 <= events <= queries:
        raise ConfigError(
            f"head.max_events={events}: there are {queries} queries", hint=f"head.queries={events}"
        )
    if frames < 2 or groups < 1 or not tau > 0:
        raise ConfigError("head.frames is at least 2, head.length_groups at least 1, head.tau above 0")
