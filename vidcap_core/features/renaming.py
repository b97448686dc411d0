"""Ids of features that others made, as this project's data sets call their clips."""

from __future__ import annotations

import re

from vidcap_core.errors import UserError

NUMBER = re.compile(r"\{n([+-]\d+)?\}")
EXAMPLE = "--rename 'video{n}=vid{n+1}'"


class Renaming:
    """`video{n}=vid{n+1}`: an id with a number becomes another one, with the number or one more or fewer."""

    def __init__(self, rule: str) -> None:
        old, equals, new = rule.partition("=")
        found = NUMBER.findall(new)
        if not equals or NUMBER.findall(old) != [""] or len(found) != 1:
            raise UserError(f"'{rule}' is no rule for names: OLD=NEW with one {{n}} each", hint=EXAMPLE)
        before, after = (re.escape(part) for part in NUMBER.sub("\0", old).split("\0"))
        self._old = re.compile(rf"{before}(\d+){after}")
        self._new, self._more, self._rule = NUMBER.sub("\0", new), int(found[0] or 0), rule

    def __call__(self, name: str) -> str:
        """The new id; an id that the rule does not know is an error."""
        known = self._old.fullmatch(name)
        if known is None:
            raise UserError(f"'{name}' is not named as --rename '{self._rule}' says", hint=EXAMPLE)
        return self._new.replace("\0", str(int(known[1]) + self._more))
