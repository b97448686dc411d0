"""How a command ends: 0, or one short message and an exit code; a traceback only with --debug."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable

from vidcap_core.cli.console import note
from vidcap_core.errors import UserError

FAILED, WRONG_INPUT, INTERRUPTED = 1, 2, 130
OF_THE_MACHINE = {errno.ENAMETOOLONG, errno.ENOSPC, errno.EDQUOT, errno.EROFS}
"""A name that no file can have, a disk that is full or cannot be written to: never a fault of the code."""


def guarded(command: Callable[[], int], debug: bool, after_interrupt: str | None = None) -> int:
    """Run a command; what the user can mend becomes a line and exit code 2."""
    try:
        return command()
    except UserError as error:
        if debug:
            raise
        note(f"error: {error}")
        return WRONG_INPUT
    except KeyboardInterrupt:
        note("interrupted" + (f"; {after_interrupt}" if after_interrupt else ""))
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has gone, as in `vidcap list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            raise
        if isinstance(error, OSError) and error.errno in OF_THE_MACHINE:
            note(f"error: {error.strerror}" + (f": {str(error.filename)[:200]}" if error.filename else ""))
            return WRONG_INPUT
        from vidcap_core.zoo.fault import fault

        arose = fault(error)
        place = f"\n  in {arose}" if arose else ""
        note(f"internal error: {type(error).__name__}: {error}{place}\n  try: the same command with --debug")
        return FAILED
