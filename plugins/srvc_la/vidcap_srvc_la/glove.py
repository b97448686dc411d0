"""Word vectors from a text file, as GloVe comes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from vidcap_core.api import ConfigError, DataError

HINT = "a text file in UTF-8, a word and its numbers a line; or head.glove_path=None"


def read_into(embed: nn.Embedding, tokenizer: Any, path: str) -> Path | None:
    """Rows of the embedding of words that the file knows; the file's path when it is not there."""
    file = Path(path).expanduser()
    if not hasattr(tokenizer, "words"):
        raise ConfigError("head.glove_path needs whole words as ids", hint="tokenizer.type='Vocabulary'")
    if not file.is_file():
        return file
    rows = {word: row for row, word in enumerate(tokenizer.words) if row != embed.padding_idx}
    count, width = 0, embed.embedding_dim
    with file.open("rb") as lines, torch.no_grad():  # bytes, so that a broken line has its number
        for number, line in enumerate(lines, 1):
            where = f"{file}:{number}"
            try:
                word, _, rest = line.decode("utf-8").rstrip().partition(" ")
            except UnicodeDecodeError as error:
                raise DataError(f"{where}: is not UTF-8: {error.reason}", hint=HINT) from error
            fields = rest.split()
            # some words of GloVe have spaces in them: "a name@domain.com 0.1 ..." says nothing of "a"
            if word not in rows or (len(fields) != width and not all(map(_is_number, fields))):
                continue
            if len(fields) != width:
                raise DataError(
                    f"{where}: {len(fields)} numbers for '{word}', but the embeddings are {width} wide",
                    hint=f"head.emb_size={len(fields)}" if fields else HINT,
                )
            wrong = [field for field in fields if not _is_number(field)]
            if wrong:
                raise DataError(f"{where}: '{wrong[0]}', of the word '{word}', is no number", hint=HINT)
            embed.weight[rows[word]] = torch.tensor([float(field) for field in fields])
            count += 1
    if not count:
        raise DataError(f"{file} knows none of the {len(rows):,} words of the vocabulary")
    return None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
