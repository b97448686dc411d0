"""Layouts of prompts, texts and labels: golden ids on GPT-2's own pieces, by role for other tokenizers."""

from __future__ import annotations

from typing import Any

import pytest
from vidcap_wsdvc_mask.prompts import Lines, Prompts
from vidcap_wsdvc_mask.sentences import prepared

from vidcap_core.api import Tokenizer, UserError
from vidcap_core.testing import tiny_vocabulary

FULL_ID, MASK_ID, SEP_ID, EOS = 50258, 50259, 50260, 50256
THREE = ["A man runs.", "A dog sleeps.", "He sings."]


def prompts(
    tokenizer: Any, separator: Any = "space", teach_count: bool = True, most: int | None = None
) -> Prompts:
    return Prompts(tokenizer, separator, teach_count, most)


def labels(lines: Lines, row: int = 0) -> list[int]:
    """What is taught of a row, -100 elsewhere."""
    return [int(i) if t else -100 for i, t in zip(lines.ids[row], lines.taught[row], strict=True)]


def test_prompts_on_gpt2_are_five_pieces_for_every_count(gpt2: Any) -> None:
    numbers = {1: 16, 2: 17, 3: 18, 4: 19, 9: 24, 10: 940, 11: 1157, 12: 1065}
    for count, piece in numbers.items():
        assert prompts(gpt2).prompt(FULL_ID, count) == [FULL_ID, piece, 2995, 25, 220]


def test_rows_on_gpt2_are_golden(gpt2: Any) -> None:
    made = prompts(gpt2)
    man, dog, sings = [32, 582, 4539, 13], [32, 3290, 44263, 13], [1544, 33041, 13]
    assert made.paragraph(THREE).ids == [FULL_ID, 18, 2995, 25, 220, *man, 220, *dog, 220, *sings, EOS]
    assert made.event(THREE[1]).ids == [MASK_ID, 16, 2995, 25, 220, *dog, 220, EOS]
    assert made.others(THREE, 1).ids == [MASK_ID, 17, 2995, 25, 220, *man, 220, *sings, 220, EOS]


def test_pieces_are_those_of_whole_texts_on_gpt2(gpt2: Any) -> None:
    """As the public code makes them: each sentence with its space, one after the other, without the last space."""
    whole = [one for text in THREE for one in gpt2.backend.encode(text + " ").ids][:-1]
    row = prompts(gpt2).paragraph(THREE)
    assert row.ids[row.start : -1] == whole
    assert row.ids[: row.start] == gpt2.backend.encode("<FULL>3 events: ").ids


def test_separators_on_gpt2_are_golden(gpt2: Any) -> None:
    made = prompts(gpt2, "sep")
    man, dog = [32, 582, 4539, 13], [32, 3290, 44263, 13]
    assert made.paragraph(THREE[:2]).ids == [FULL_ID, 17, 2995, 25, 220, *man, SEP_ID, *dog, EOS]
    assert made.event(THREE[1]).ids == [MASK_ID, 16, 2995, 25, 220, *dog, EOS]


def test_labels_on_gpt2_are_all_but_mode_and_padding(gpt2: Any) -> None:
    assert gpt2.pad_id == gpt2.eos_id == EOS  # the end must be taught although padding has its id
    made = prompts(gpt2)
    rows = [made.event(THREE[0]), made.others(THREE, 0)]
    lines = made.lines(rows)
    assert labels(lines) == [-100, *rows[0].ids[1:]] + [-100] * (len(rows[1].ids) - len(rows[0].ids))
    assert labels(lines, 1) == [-100, *rows[1].ids[1:]]
    assert lines.taught.sum(1).tolist() == [len(row.ids) - 1 for row in rows]
    bare = prompts(gpt2, teach_count=False).lines(rows)
    assert labels(bare) == [-100] * 5 + rows[0].ids[5:] + [-100] * (len(rows[1].ids) - len(rows[0].ids))


@pytest.mark.parametrize("separator", ["space", "sep"])
@pytest.mark.parametrize("count", [1, 2, 12])
def test_layout_by_role_where_a_number_is_cut(pieces: Any, separator: str, count: int) -> None:
    made = prompts(pieces, separator)
    texts = [f"A dog runs {'again ' * k}." for k in range(count)]
    prompt = made.prompt(made.full, count)
    assert len(prompts(pieces).prompt(made.full, 12)) == len(prompts(pieces).prompt(made.full, 2)) + 1
    row = made.paragraph(texts)
    assert row.ids[: row.start] == prompt
    assert prompt[0] == pieces.token_id("<FULL>")
    assert pieces.decode(prompt[1:]) == f"{count} events:"
    assert row.ids[-1] == pieces.eos_id
    assert row.ids.count(pieces.token_id("<SEP>")) == (count - 1 if separator == "sep" else 0)
    number, told = made.read(row.ids[1:-1])
    assert number == count
    assert [" ".join(one.split()) for one in told] == [
        " ".join(one.split()) for one in texts
    ] or separator == "space"
    assert len(told) == count


def test_a_row_longer_or_shorter_than_its_neighbour_keeps_its_labels(pieces: Any) -> None:
    made = prompts(pieces)
    rows = [made.paragraph(THREE * 4), made.paragraph(THREE[:1])]  # 12 events and 1: prompts differ in length
    lines = made.lines(rows)
    for place, row in enumerate(rows):
        assert lines.ids[place][lines.real[place]].tolist() == row.ids
        assert labels(lines, place)[: len(row.ids)] == [-100, *row.ids[1:]]


def test_the_end_is_taught_where_padding_is_the_end(pieces: Any) -> None:
    class EndIsPadding:
        """The same tokenizer with pad = EOS, as SmolLM2's."""

        pad_id = eos_id = pieces.eos_id
        encode, encode_raw = pieces.encode, pieces.encode_raw
        decode, token_id = pieces.decode, pieces.token_id

    made = prompts(EndIsPadding())
    rows = [made.event(THREE[0]), made.others(THREE, 0)]
    lines = made.lines(rows)
    assert lines.real.sum(1).tolist() == [len(row.ids) for row in rows]
    assert labels(lines)[len(rows[0].ids) - 1] == pieces.eos_id
    assert set(labels(lines)[len(rows[0].ids) :]) == {-100}


def test_whole_words_work_too(vocabulary: Tokenizer) -> None:
    made = prompts(vocabulary, "sep")
    row = made.paragraph(["A man runs.", "A dog sleeps."])
    words = [vocabulary.words[one] for one in row.ids]
    assert words == ["<FULL>", "2", "events:", "a", "man", "runs.", "<SEP>", "a", "dog", "sleeps.", "<eos>"]
    assert made.read(row.ids[1:-1]) == (2, ["a man runs.", "a dog sleeps."])


def test_abbreviations_are_one_sentence_with_separators_and_several_without(pieces: Any) -> None:
    texts = ["Dr. Smith cuts 2.5 cm off.", "He rests."]
    for separator, wanted in (("sep", 2), ("space", 4)):
        made = prompts(pieces, separator)
        number, told = made.read(made.paragraph(texts).ids[1:-1])
        assert (number, len(told)) == (2, wanted)
    assert prompts(pieces, "sep").read(prompts(pieces, "sep").paragraph(texts).ids[1:-1])[1] == texts


def test_reading_what_makes_no_sense(pieces: Any) -> None:
    for separator in ("space", "sep"):
        made = prompts(pieces, separator)
        assert made.read([]) == (None, [])
        assert made.read(made._raw("A. . .. B"))[0] is None
        assert all(text.strip(" .") for text in made.read(made._raw("3 events: A. . .. B"))[1])


def test_our_tokens_inside_a_caption_are_no_tokens(pieces: Any) -> None:
    made = prompts(pieces)
    ids = made.event("A <MASK> man <SEP> runs.").ids
    assert ids.count(made.mask) == 1
    assert pieces.token_id("<SEP>") not in ids


def test_texts_are_cut_where_the_language_model_ends(pieces: Any) -> None:
    row = prompts(pieces, most=20).paragraph(THREE * 20)
    assert len(row.ids) == 20
    assert row.ids[-1] == pieces.eos_id


def test_a_tokenizer_without_our_tokens_is_refused() -> None:
    with pytest.raises(UserError, match="<FULL>"):
        prompts(tiny_vocabulary())


def test_sentences_are_prepared() -> None:
    given = ("  a Man RUNS ", "He sings.", "", "  ")
    assert prepared(given, 12, "capitalize", "None.") == ["A man runs.", "He sings."]
    assert prepared(given, 12, "keep", None) == ["a Man RUNS.", "He sings."]
    assert prepared((" a  Man\nruns ",), 12, "capitalize", None) == [
        "A  man\nruns."
    ]  # white space inside stays
    assert prepared((), 12, "capitalize", "None.") == ["None."]
    assert prepared(("", " "), 12, "keep", None) == []
    assert len(prepared(("A.",) * 40, 12, "keep", None)) == 12
