"""One clip is not "1 clips"."""

from vidcap_metrics.counted import counted, plural


def test_one_and_many() -> None:
    assert [counted(number, "clip") for number in (0, 1, 2, 2990)] == [
        "0 clips",
        "1 clip",
        "2 clips",
        "2,990 clips",
    ]
    assert plural(1, "file") == "file"
