"""Files that lie elsewhere: in an object store, behind a URL, or inside a tar file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, TypeAlias

from vidcap_core.errors import DataError, UserError

URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
"""How a name begins that is no path of this machine."""
PACKAGES = {
    "http": "aiohttp",
    "https": "aiohttp",
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "abfs": "adlfs",
    "az": "adlfs",
}
"""What pip installs for a kind of URL; `file`, `memory` and `hf` need nothing more."""

CLIENTS = {"aiobotocore", "aiohttp", "azure", "botocore", "gcsfs", "huggingface_hub", "s3fs"}
"""Packages whose errors come out of fsspec as they are."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A file by its URL, a member of a tar by where its bytes lie in it, or what a column of Parquet holds in a row."""

    url: str
    member: str | None = None
    offset: int = 0  # in bytes, or the row
    size: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        return self.url if self.member is None else f"{self.url}::{self.member}"

    @property
    def name(self) -> str:
        """Its own name, without what it lies in."""
        return PurePosixPath(self.member or self.url.split("?", 1)[0]).name

    @property
    def stem(self) -> str:
        """Its name without a suffix."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """What its name ends with."""
        return PurePosixPath(self.name).suffix


Source: TypeAlias = Path | Remote
"""A file of this machine, or one that lies elsewhere."""


def is_url(name: str) -> bool:
    """Whether a name is no path of this machine."""
    return URL.match(name) is not None


@contextmanager
def reading(url: str) -> Iterator[BinaryIO]:
    """A file by its URL, open to read; what goes wrong elsewhere is told in a line."""
    with told(url):
        system, path = filesystem(url)
        with system.open(path, "rb") as file:
            yield file


def filesystem(url: str) -> tuple[Any, str]:
    """The file system of fsspec behind a URL, and the path in it."""
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        kind = url.split("://", 1)[0]
        package = PACKAGES.get(kind)
        raise UserError(
            f"{url}: reading {kind}:// needs another package: {error}",
            hint=f"pip install {package}" if package else "https://filesystem-spec.readthedocs.io",
        ) from error
    except ValueError as error:
        raise UserError(f"{url}: {error}", hint="s3://, gs://, hf://, file://, https://") from error
    return system, str(path)


@contextmanager
def told(url: str) -> Iterator[None]:
    """Whatever an object store answers, in words of ours; errors of ours go through."""
    try:
        yield
    except UserError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{url}: there is no such file") from error
    except PermissionError as error:
        raise DataError(f"{url}: may not be read or written with these credentials (403): {error}") from error
    except (OSError, TimeoutError) as error:
        raise DataError(f"{url}: {_reason(error)}") from error
    except Exception as error:  # each store has errors of its own
        if type(error).__module__.partition(".")[0] in (
            "botocore",
            "aiobotocore",
            "gcsfs",
            "huggingface_hub",
            "aiohttp",
        ):
            raise DataError(f"{url}: {_reason(error)}") from error
        raise


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:300]
