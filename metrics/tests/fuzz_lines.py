"""Lines that are hard to tokenize, made from a seed: what captions hold, and what they should not hold."""

# ruff: noqa: E501 (long pools of words are easier to read than wrapped ones)

from __future__ import annotations

import random
import string

WORDS = (
    "a the man woman is playing guitar T-shirt well-known rock-n-roll naïve café Über façade Straße Привет 日本語 한국 "
    "שלום مرحبا colour theatre Mr. Mrs. Dr. St. Jan. Feb. Sept. etc. Inc. Corp. Co. Ltd. vs. vs cf. al. Calif. Mass. "
    "Ph.D. B.A. U.S. U.K. u.s. e.g. i.e. a.m. p.m. P.M. No. no. Fig. fig. pp. Prop. approx. Blvd. Ave. Jr. Sr. I. a. B."
)
CLITICS = (
    "don't DON'T can't won't isn't ain't I'm it's he'll they're we've she'd cannot gonna gotta wanna lemme gimme dunno "
    "'tis 'twas 'em 'cause 'til 'n' rock'n'roll o'clock O'Neil d'Artagnan l'amour qu'il y'all c'mon ma'am e'er cap'n "
    "c'est ol' somethin' nor'easter '90s '05 90's don’t it’s ‘em don`t James's dogs' n't 's 'll"
)
NUMBERS = (
    "1 22 333 4444 1,000 1,000,000 3.14 .5 0.5% -7 +7 12:30 10:15pm 1/2 3/4 1½ ½ 1 1/2 5-10 2010-10-10 10/31/99 1st 2nd "
    "3d 4x4 90s $5 $1.50 US$20 €10 £5 5¢ #1 # 555-1234 (555) 123-4567 1-800-555-1234 555.123.4567 +44 20 7946 0958 "
    "m² H₂O 10⁻³ ٣٤ １２ 1⁄2 №5 5° 20°C"
)
NETS = (
    "http://www.example.com/a/b?c=d&e=f https://example.org www.example.net/x example.com foo.bar.edu x@example.com "
    "first.last+tag@mail.example.co.uk <x@y.org> mailto:a@b.c ftp://a.b/c @user #tag #tag2 file.txt movie.mp3, index.html "
    "a.b.c and/or he/she km/h TCP/IP AT&T R&B S&P-500 C++ C# F# foo_bar __init__"
)
MARKUP = '&amp; &lt; &gt; &quot; &apos; &nbsp; &eacute; &mdash; &#39; <b> </b> <br/> <br /> <a href="x"> <!-- x --> <3 << >>'
MARKS = (
    "( ) [ ] { } (( )) \" ' '' `` ` “ ” ‘ ’ ‚ „ « » ‹ › , ; : . .. ... .... ..... …… … ! ? !? ?!! !!! - -- --- ---- "
    "– — ― _ __ * ** *** / // \\ | ~ ^ % + = == & @ @@ # ## • · † ‡ § ¶ © ® ™ ° ¡ ¿ ♥ ★ → ≠ ∞ 、 。 ！ -LRB- -RRB- "
    ":) :-) ;) :( =D :P ^_^ -_- (^_^) >:( 😀 👍🏽 🇫🇷 👨‍👩‍👧 𝔘 \xad \u200b \ufeff \xa0 \u3000 \t \x85 \x92 \x7f \x00"
)
POOLS = [pool.split(" ") for pool in (WORDS, CLITICS, NUMBERS, NETS, MARKUP, MARKS)]
LETTERS = string.ascii_letters + string.digits + string.punctuation + "éß’“”–½²\xad\xa0"
JOINTS = (" ", " ", " ", " ", " ", "", "", ".", ",", "'", "-", "  ", "/")
WEIGHTS = (10, 4, 3, 2, 1, 4)


def fuzz_lines(count: int, seed: int = 0) -> list[str]:
    """`count` lines; the same for the same seed, in every version of Python."""
    chance = random.Random(seed)
    return [_line(chance) for _ in range(count)]


def character_lines() -> list[str]:
    """Every character of the basic plane that is no line break, between letters, alone, and beside digits."""
    breaks = "\n\r\x0b\x0c\u2028\u2029"
    codes = [code for code in range(1, 0x10000) if not 0xD800 <= code < 0xE000]
    return [f"a{c}b {c} 1{c}2 {c}a's" for c in map(chr, codes) if c not in breaks]


def _line(chance: random.Random) -> str:
    draw = chance.random()
    if draw < 0.01:
        return ""
    size = 300 if draw < 0.012 else 1 + int(chance.random() * 12)
    return "".join(_piece(chance) + _pick(chance, JOINTS) for _ in range(size))


def _piece(chance: random.Random) -> str:
    draw = chance.random()
    pool = POOLS[_weighted(chance)]
    if draw < 0.85:
        return _pick(chance, pool)
    if draw < 0.93:
        return "".join(_pick(chance, LETTERS) for _ in range(1 + int(chance.random() * 6)))
    word = _pick(chance, pool)
    place = int(chance.random() * (len(word) + 1))
    return word[:place] + _pick(chance, LETTERS) + word[place:]


def _weighted(chance: random.Random) -> int:
    draw = chance.random() * sum(WEIGHTS)
    for number, weight in enumerate(WEIGHTS):
        draw -= weight
        if draw < 0:
            return number
    return len(WEIGHTS) - 1


def _pick(chance: random.Random, items: str | list[str] | tuple[str, ...]) -> str:
    return items[int(chance.random() * len(items))]
