"""Pairs of caption and reference made to be hard for METEOR: scripts, smileys, dashes, acronyms, stops, odd spaces."""

# ruff: noqa: E501 (long pools of words are easier to read than wrapped ones)

from __future__ import annotations

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "metrics" / "tests"))

from fuzz_lines import POOLS

Pair = tuple[str, str]
SCRIPTS = (
    "Αθήνα ελληνικά Σίσυφος όμορφος Tiếng Việt đường phố người tiếng مرحبا كتاب العربية שלום עברית ספר "
    "हिन्दी नमस्ते किताब ภาษาไทย สวัสดี Привет мир кошка Ґудзик Қазақ ქართული Հայերեն বাংলা தமிழ் తెలుగు "
    "日本語 猫が好き カタカナ ｶﾀｶﾅ 中文 漢字 한국어 고양이 Ｆｕｌｌ ｗｉｄｔｈ １２３ ﬁsh ﬂower º ª µm ſharp Ŝati İstanbul ılık "
    "naïve café façade Straße STRASSE crème Ærø Øl Łódź Dvořák Ðóra ŉ Ĳssel ǅ ɐ ᴀᴛ ᵫ Ꙁемля ꚏ ẞ ẁ Ṡ x̧ é ѝ "
    "😀 👍🏽 👨‍👩‍👧 🇫🇷 𝔘 𐐷 ♥ → ∞ ½ ² № ™ € £ ° § ¶"
)
SMILEYS = (
    ":-( :-) :--lrb- :--rrb- ;-) =D :-/ 8-) --> <-- -- --- ---- -lrb- -rrb- -lrb-x -–- – — ― ‐ ‑ − ' '' ``"
)
STOPS = (
    "u.s. U.S. U.S.A. i.e. e.g. a.m. p.m. Ph.D. assn. Mr. mr. Dr. No. no. pp. Art. Nr. St. vs. v. x. é. мир. я. 1. 1.2. "
    "... .. . ,a a,b 1,000 ,5 5, 'tis don't '90s dogs' o'clock 5's 's ’s"
)
PLAIN = (
    "a the man men woman person is are was playing plays play guitar ball car cars vehicle drive driving runs running in "
    "on of to with in order to as well as there is a number of small little big large cook cooking kitchen food water dog"
)
SPACES = (" ", "", "-", "--", ". ", ", ", "\xa0", "\u3000", "\u2028", "\t", "\x85", "\u200b", "  ")
ODD = [pool.split() for pool in (SCRIPTS, SMILEYS, STOPS)]
WORDS = PLAIN.split()


def hostile_pairs(count: int, seed: int) -> list[Pair]:
    """`count` pairs; the same for the same seed. The reference is made from the caption, so that much matches."""
    dice = random.Random(seed)
    return [_pair(dice) for _ in range(count)]


def character_pairs() -> list[Pair]:
    """Every character of the basic plane that ends no line, in words, between them, and beside digits and stops."""
    codes = [code for code in range(1, 0x10000) if not 0xD800 <= code < 0xE000 and code not in (10, 13)]
    return [(f"a{c}b {c} 1{c}2 {c}a's. {c}b", f"{c} ab 12 a {c}. {c}b") for c in map(chr, codes)]


def _pair(dice: random.Random) -> Pair:
    words = [_word(dice) for _ in range(dice.randint(1, 14))]
    others = [_word(dice) if dice.random() < 0.25 else word for word in words if dice.random() < 0.9]
    if dice.random() < 0.3:
        dice.shuffle(others)
    return _line(dice, words), _line(dice, others or [_word(dice)])


def _word(dice: random.Random) -> str:
    draw = dice.random()
    if draw < 0.4:
        return dice.choice(WORDS)
    if draw < 0.9:
        return dice.choice(dice.choice((*ODD, dice.choice(POOLS))))
    if draw < 0.95:
        return chr(dice.choice((dice.randrange(0x21, 0x250), dice.randrange(0x250, 0xD800))))
    word = dice.choice(WORDS)
    at = dice.randrange(len(word) + 1)
    return word[:at] + dice.choice(dice.choice(ODD)) + word[at:]


def _line(dice: random.Random, words: list[str]) -> str:
    """The words with what may stand between them; nothing that ends a line or divides a caption in the jar's protocol."""
    line = "".join(word + (" " if dice.random() < 0.8 else dice.choice(SPACES)) for word in words)
    return line.replace("|||", "|").replace("\n", " ").replace("\r", " ")
