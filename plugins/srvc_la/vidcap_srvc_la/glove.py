"""Word vectors from a text file, as GloVe comes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from vidcap_core.errors import ConfigError, DataError


def read_into(embed: nn.Embedding, tokenizer: Any, path: str) -> Path | None:
    """Rows of the embedding of words that the file knows; the file's path when it is not there."""
    file = Path(path).expanduser()
    if not hasattr(tokenizer, "words"):
        raise ConfigError("head.glove_path needs whole words as ids", hint="tokenizer.type='Vocabulary'")
    if not file.is_file():
        return file
    places = {word: place for place, word in enumerate(tokenizer.words)}
    found = 0
    with file.open(encoding="utf-8") as lines, torch.no_grad():
        for number, line in enumerate(lines, 1):
            word, _, rest = line.rstrip().partition(" ")
            if word not in places or places[word] == embed.padding_idx:
                continue
            numbers = rest.split()
            if len(numbers) != embed.embedding_dim:
                raise DataError(
                    f"{file}:{number}: {len(numbers)} numbers for '{word}', but the embeddings are "
                    f"{embed.embedding_dim} wide",
                    hint=f"head.emb_size={len(numbers)}",
                )
            embed.weight[places[word]] = torch.tensor([float(one) for one in numbers])
            found += 1
    if not found:
        raise DataError(f"{file} knows none of the {len(places):,} words of the vocabulary")
    return None
