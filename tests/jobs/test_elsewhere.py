"""Inputs, lists and outputs in object stores: memory, and S3 as moto's server speaks it."""

from __future__ import annotations

import io
import os
import socket
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import pytest

from vidcap_core.captioning.inputs import find
from vidcap_core.errors import DataError
from vidcap_core.files.local import local
from vidcap_core.files.remote import Remote
from vidcap_core.jobs.output import Output
from vidcap_core.jobs.status import status

Rows = Callable[[str | Path], list[dict[str, Any]]]
Run = Callable[..., Any]


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty folder in a store."""
    if request.param == "memory":
        yield f"memory:///{tmp_path.name}"  # as its own names begin
        fsspec.filesystem("memory").store.clear()
        return
    if request.param == "file":
        yield f"file://{tmp_path}/store"
        return
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    system, bucket = fsspec.filesystem("s3"), f"bucket-{os.urandom(4).hex()}"
    system.mkdir(bucket)
    yield f"s3://{bucket}/folder"
    system.clear_instance_cache()
    server.stop()


STORES = pytest.mark.parametrize("store", ["memory", "file", "s3"], indirect=True)


def put(url: str, content: bytes) -> None:
    with fsspec.open(url, "wb", auto_mkdir=True) as file:
        file.write(content)


@STORES
def test_a_job_from_a_store_into_a_store(
    store: str, run: Run, merged: Rows, films: list[Path], tmp_path: Path
) -> None:
    for film in films[:3]:
        put(f"{store}/videos/{film.name}", film.read_bytes())
    put(f"{store}/videos/notes.txt", b"no film")
    put(f"{store}/list.txt", f"{store}/videos/0.mp4\n{store}/videos/2.mp4\n{store}/gone.mp4\n".encode())
    found = find([f"{store}/videos"])
    assert [each.name for each in found.elsewhere] == ["0.mp4", "1.mp4", "2.mp4"]
    assert [each.name for each in find([f"{store}/videos/[12].mp4"]).elsewhere] == ["1.mp4", "2.mp4"]
    listed = find([f"@{store}/list.txt"]).elsewhere
    assert [each.name for each in listed] == ["0.mp4", "2.mp4", "gone.mp4"]

    done = run(listed, f"{store}/out")
    assert (done.made, [reason for _, reason in done.failed]) == (2, ["there is no such file"])
    again = run([*found.elsewhere, *listed[2:]], f"{store}/out")
    assert (again.made, again.kept) == (1, 3)
    run(films[:3], tmp_path / "local")
    texts = [row["caption"] for row in merged(tmp_path / "local")]
    rows = sorted(merged(f"{store}/out"), key=lambda row: row["source"])
    assert sorted(texts) == sorted(row["caption"] for row in rows if row["error"] is None)
    assert all(row["source"].startswith(store.split("://")[0]) for row in rows)
    assert status(Output(f"{store}/out"), verify=True).wrong == []


@STORES
def test_videos_in_a_tar_are_read_where_they_lie(store: str, run: Run, films: list[Path]) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for film in films[:3]:
            archive.add(film, film.name)
        archive.addfile(tarfile.TarInfo("0.json"))
    whole = out.getvalue()
    put(f"{store}/whole.tar", whole)
    found = find([f"{store}/whole.tar"])
    assert [each.member for each in found.elsewhere] == ["0.mp4", "1.mp4", "2.mp4"]
    with local(found.elsewhere[1]) as file:
        assert file.read_bytes() == films[1].read_bytes()
    assert not file.exists()
    assert run(found.elsewhere, f"{store}/out").made == 3

    put(f"{store}/cut.tar", whole[: found.elsewhere[2].offset + 100])
    cut = find([f"{store}/cut.tar"])
    done = run(cut.elsewhere, f"{store}/cut")
    assert done.made == 2
    assert "is broken behind 2 videos" in cut.bad[0][1]
    assert done.failed == []
    cut_later = replace(found.elsewhere[2], url=f"{store}/cut.tar")  # it was whole when it was listed
    assert "bytes too early" in run([cut_later], f"{store}/late").failed[0][1]


def test_parquet_names_videos(films: list[Path], tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    table = tmp_path / "table.parquet"
    pq.write_table(pa.table({"path": [str(films[0]), "s3://b/x.mp4", None], "n": [1, 2, 3]}), table)
    found = find([str(table)])
    assert (found.files, [each.url for each in found.elsewhere]) == ([films[0]], ["s3://b/x.mp4"])
    pq.write_table(pa.table({"n": [1]}), table)
    assert "has no column of paths or videos" in find([str(table)]).bad[0][1]
    table.write_text("no parquet")
    assert "is no Parquet" in find([str(table)]).bad[0][1]


@pytest.mark.parametrize("packed", [False, True])
def test_parquet_holds_videos(
    packed: bool, films: list[Path], run: Run, merged: Rows, tmp_path: Path
) -> None:
    """As bytes, and as Hugging Face `datasets` packs them; a row without one is a row with an error."""
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    table, contents = tmp_path / "films.parquet", [film.read_bytes() for film in films[:3]]
    videos = [{"bytes": each, "path": None} if packed else each for each in (*contents, None)]
    keys = ["a", "b.mp4", "c", "d"]
    pq.write_table(pa.table({"key": keys, "video": videos}), table, row_group_size=2)
    found = find([str(table)]).elsewhere
    assert [(each.name, each.offset) for each in found] == [
        (f"{k.removesuffix('.mp4')}.mp4", n) for n, k in enumerate(keys)
    ]
    for number in (2, 0, 1):
        with local(found[number]) as file:
            assert file.read_bytes() == contents[number]
    done = run(found, tmp_path / "out")
    assert (done.made, [name for name, _ in done.failed]) == (3, [f"{table}::d.mp4"])
    run(films[:3], tmp_path / "files")
    texts = [[row["caption"] for row in merged(tmp_path / part)] for part in ("out", "files")]
    assert sorted(filter(None, texts[0])) == sorted(texts[1])


def test_a_store_that_refuses_or_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError("Forbidden")

    for name in ("open", "cat_file", "pipe_file", "ls"):
        monkeypatch.setattr(MemoryFileSystem, name, refuse)
    with (
        pytest.raises(DataError, match=r"memory://x/a\.mp4: may not be read .*403"),
        local(Remote("memory://x/a.mp4")),
    ):
        pass
    with pytest.raises(DataError, match="403"):
        Output("memory://x").claim("jsonl", {})
    [(name, reason)] = find(["nothing://bucket/x"]).bad
    assert name == "nothing://bucket/x"
    assert "s3://, gs://" in reason
    with socket.socket() as silent:  # it takes connections and never answers
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
    with (
        pytest.raises(DataError, match=f"http://127.0.0.1:{port}/a.mp4: "),
        local(Remote(f"http://127.0.0.1:{port}/a.mp4")),
    ):
        pass
