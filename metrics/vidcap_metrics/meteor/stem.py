"""The English Snowball stemmer ("Porter2"), as of 2010: word forms with one stem match.

R1 is what follows the first consonant after a vowel; R2 is the same within R1. A suffix goes only where the
region it must lie in says so. See https://snowballstem.org/algorithms/english/stemmer.html
"""

from __future__ import annotations

VOWELS = frozenset("aeiouy")
DOUBLES = ("bb", "dd", "ff", "gg", "mm", "nn", "pp", "rr", "tt")
LI = frozenset("cdeghkmnrt")
SPECIAL = {
    "skis": "ski",
    "skies": "sky",
    "dying": "die",
    "lying": "lie",
    "tying": "tie",
    "idly": "idl",
    "gently": "gentl",
    "ugly": "ugli",
    "early": "earli",
    "only": "onli",
    "singly": "singl",
} | dict.fromkeys(("sky", "news", "howe", "atlas", "cosmos", "bias", "andes"), "")
STOPPED = frozenset(["inning", "outing", "canning", "herring", "earring", "proceed", "exceed", "succeed"])
PREFIXES = ("gener", "commun", "arsen")
STEP2 = {
    "ization": "ize",
    "ational": "ate",
    "ousness": "ous",
    "iveness": "ive",
    "fulness": "ful",
    "tional": "tion",
    "lessli": "less",
    "biliti": "ble",
    "entli": "ent",
    "ation": "ate",
    "alism": "al",
    "aliti": "al",
    "fulli": "ful",
    "ousli": "ous",
    "iviti": "ive",
    "enci": "ence",
    "anci": "ance",
    "abli": "able",
    "izer": "ize",
    "ator": "ate",
    "alli": "al",
    "bli": "ble",
    "ogi": "og",
    "li": "",
}
STEP3 = {
    "ational": "ate",
    "tional": "tion",
    "alize": "al",
    "icate": "ic",
    "iciti": "ic",
    "ative": "",
    "ical": "ic",
    "ness": "",
    "ful": "",
}
STEP4 = (
    "ement",
    "ance",
    "ence",
    "able",
    "ible",
    "ment",
    "ant",
    "ent",
    "ism",
    "ate",
    "iti",
    "ous",
    "ive",
    "ize",
    "ion",
    "al",
    "er",
    "ic",
)


def stem(word: str) -> str:
    """The stem of a lower-case word."""
    if word in SPECIAL:
        return SPECIAL[word] or word
    if len(word) < 3:
        return word
    word = _mark_consonant_y(word.removeprefix("'"))
    r1, r2 = _regions(word)
    word = _plural(_possessive(word))
    if word not in STOPPED:
        word = _final_y(_past(word, r1))
        word = _swap(word, STEP2, r1)
        word = _swap(word, STEP3, r1, r2)
        word = _final_e(_drop(word, r2), r1, r2)
    return word.replace("Y", "y")


def _mark_consonant_y(word: str) -> str:
    """Upper-case y where it is a consonant: at the start and after a vowel."""
    out: list[str] = []
    for letter in word:
        consonant = letter == "y" and (not out or out[-1] in VOWELS)
        out.append("Y" if consonant else letter)
    return "".join(out)


def _regions(word: str) -> tuple[int, int]:
    """Where R1 and R2 begin."""
    prefix = next((p for p in PREFIXES if word.startswith(p)), None)
    r1 = len(prefix) if prefix else _after(word, 0)
    return r1, _after(word, r1)


def _after(word: str, start: int) -> int:
    """The position after the first consonant that follows a vowel."""
    for position in range(start + 1, len(word)):
        if word[position - 1] in VOWELS and word[position] not in VOWELS:
            return position + 1
    return len(word)


def _possessive(word: str) -> str:
    for suffix in ("'s'", "'s", "'"):
        if word.endswith(suffix):
            return word[: -len(suffix)]
    return word


def _plural(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith(("ied", "ies")):
        return word[:-2] if len(word) > 4 else word[:-1]
    if word.endswith(("us", "ss")) or not word.endswith("s"):
        return word
    return word[:-1] if any(letter in VOWELS for letter in word[:-2]) else word


def _past(word: str, r1: int) -> str:
    for suffix in ("eedly", "eed"):
        if word.endswith(suffix):
            return word[: -len(suffix)] + "ee" if len(word) - len(suffix) >= r1 else word
    for suffix in ("ingly", "edly", "ing", "ed"):
        if word.endswith(suffix):
            base = word[: -len(suffix)]
            break
    else:
        return word
    if not any(letter in VOWELS for letter in base):
        return word
    if base.endswith(("at", "bl", "iz")):
        return base + "e"
    if base.endswith(DOUBLES):
        return base[:-1]
    return base + "e" if r1 >= len(base) and _short(base) else base


def _short(word: str) -> bool:
    """Ends in a short syllable: consonant, vowel, consonant other than w, x, Y; or is vowel, consonant."""
    if len(word) == 2:
        return word[0] in VOWELS and word[1] not in VOWELS
    return (
        len(word) > 2
        and word[-3] not in VOWELS
        and word[-2] in VOWELS
        and word[-1] not in VOWELS
        and word[-1] not in "wxY"
    )


def _final_y(word: str) -> str:
    return word[:-1] + "i" if len(word) > 2 and word[-1] in "yY" and word[-2] not in VOWELS else word


def _swap(word: str, table: dict[str, str], r1: int, r2: int = 0) -> str:
    """Change the longest suffix of the table, where its region allows."""
    for suffix in sorted(table, key=len, reverse=True):
        if word.endswith(suffix):
            base = word[: -len(suffix)]
            if len(base) < r1 or (suffix == "ative" and len(base) < r2):
                return word
            if suffix == "ogi" and not base.endswith("l"):
                return word
            if suffix == "li" and not (base and base[-1] in LI):
                return word
            return base + table[suffix]
    return word


def _drop(word: str, r2: int) -> str:
    for suffix in STEP4:
        if word.endswith(suffix):
            base = word[: -len(suffix)]
            allowed = len(base) >= r2 and (suffix != "ion" or base.endswith(("s", "t")))
            return base if allowed else word
    return word


def _final_e(word: str, r1: int, r2: int) -> str:
    if word.endswith("e"):
        base = word[:-1]
        return base if len(base) >= r2 or (len(base) >= r1 and not _short(base)) else word
    return word[:-1] if word.endswith("ll") and len(word) - 1 >= r2 else word
