"""The rules of Stanford's English tokenizer 3.4.1, as one table: what a token looks like, what becomes of it.

Notation as in `longest_match`: literals match both cases, [classes] only what they list, {names} stand for the
entries below. The longest match wins, the earlier rule on a tie; `after` must follow and is not part of it.
"""

from __future__ import annotations

from typing import NamedTuple

from vidcap_metrics import ptb_characters
from vidcap_metrics.longest_match import Charset, Ranges


class Rule(NamedTuple):
    """A kind of token: how it is recognised, which treatment it gets, how much is handed back to the text."""

    pattern: str
    treat: str = "keep"
    after: str = ""
    give_back: int = 0


def _ranges(*tables: str) -> Ranges:
    pairs = [item.split("-") for table in tables for item in table.split()]
    return [(int(pair[0], 16), int(pair[-1], 16)) for pair in pairs]


CLASSES = {
    "letter": Charset(_ranges(ptb_characters.LETTERS)),
    "mark": Charset(_ranges(ptb_characters.MARKS)),
    "digit": Charset(_ranges(ptb_characters.DIGITS)),
    "alnum": Charset(_ranges(ptb_characters.LETTERS, ptb_characters.DIGITS)),
    "symbol": Charset(_ranges(ptb_characters.SYMBOLS)),
}

_DOTTED = r"[A-Za-z](\.[A-Za-z])"
_NATIONS = r"(Canada|Sino|Korean|EU|Japan|non)-U\.S|U\.S\.-(U\.K|U\.S\.S\.R)"
_ADDRESS = '^ \t\n\f\r"<>|(){}.\xa0'
MACROS = {
    "space": "[ \t\xa0\u2000-\u200a\u3000]",
    "newline": "(\r|\r?\n|\u2028|\u2029|\x0b|\x0c|\x85)",
    "blank": "({space}|{newline})",
    "accented": "&[aeiouAEIOU](acute|grave|uml);",
    "wordletter": "({letter}|{accented}|{mark})",
    "run": "{wordletter}({wordletter}|{digit})*",
    "word": "{run}([.!?]{run})*",
    "apos": "(['\x92\u2019]|&apos;)",
    "anyapos": "({apos}|[`\x91\u2018\u201b])",
    "clitic": "{apos}([msdMSD]|re|ve|ll)",
    "not": "n{anyapos}t",
    "number": "({digit}+|{digit}*([.:,\xad\u066b\u066c]{digit}+)+)",
    "hyphen": "[\\-_\u058a\u2010\u2011]",
    "inner": "([dDoOlL]{anyapos}{alnum})?",
    "thing": "{inner}{alnum}+({hyphen}{inner}{alnum}+)*",
    "hyphenated": "[A-Za-z0-9][A-Za-z0-9.,\xad]*(-([A-Za-z0-9\xad]+|{acronym2}\\.))+",
    "capitals": "[A-Z]+(([+&]|&amp;)[A-Z]+)+",
    "pause": "[,;:\u3001]",
    "attribute": "[A-Za-z][A-Za-z0-9_:.\\-]*",
    "tag": (
        r"<([!?][A-Za-z\-][^>\r\n]*"
        "|{attribute}([ ]+({attribute}|{attribute}[ ]*=[ ]*('[^'\r\n]*'|\"[^\"\r\n]*\")))*[ ]*/?"
        "|/{attribute})[ ]*>"
    ).replace(r"\r\n", "\r\n"),
    "acronym": f"({_DOTTED}*|{_NATIONS})",
    "acronym2": f"({_DOTTED}+|{_NATIONS})",
    "month": "(Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)",
    "day": "(Mon|Tues?|Wed|Thu|Thurs|Fri)",
    "state": (
        "(Ala|Ariz|[A]z|[A]rk|Calif|Colo|Conn|Ct|Dak|[D]el|Fla|Ga|[I]ll|Ind|Kans?|Ky|[L]a|[M]ass|Md|Mich|Minn|[M]iss"
        "|Mo|Mont|Neb|Nev|Okla|[O]re|[P]a|Penn|Tenn|[T]ex|Va|Vt|[W]ash|Wisc?|Wyo)"
    ),
    "company": "(Inc|Cos?|Corp|Pp?t[ye]s?|Ltd|Plc|Bancorp|Bhd|Assn|Univ|Intl|Sys)",
    "before_lower": (
        "({month}|{day}|{state}|{company}|tel|est|ext|sq|Jr|Sr|Rt|Bldg|Bros|(Ed|Ph)\\.D|Esq|Blvd|Rd|etc|al|seq)\\."
    ),
    "title": (
        "(Mr|Mrs|Ms|[M]iss|Drs?|Profs?|Sens?|Reps?|Attys?|Lt|Col|Gen|Messrs|Govs?|Adm|Rev|Maj|Sgt|Cpl|Pvt|Mt|Capt"
        "|Ste?|Ave|Pres|Lieut|Hon|Brig|Co?mdr|Pfc|Spc|Supts?|Det|Adj|Adv|Asst|Assoc|Ens|Insp|Mlle|Mme|Msgr|Sfc)"
    ),
    "before_upper": (
        "({title}|vs|Alex|Wm|Jos|Cie|a\\.k\\.a|cf|TREAS|{acronym}|Invt|Elec|Natl|M[ft]g|Dept|Ft|Ph)"
    ),
    "before_number": "(ca|figs?|prop|nos?|art|bldg|pp|op)\\.",
    "opener": (
        "([A]bout|[A]ccording|[A]dditionally|[A]fter|[A]n|[A]|[A]s|[A]t|[B]ut|[E]arlier|[H]e|[H]er|[H]ere|[H]owever"
        "|[I]f|[I]n|[I]t|[L]ast|[M]any|[M]ore|[M]r\\.|[M]s\\.|[N]ow|[O]nce|[O]ne|[O]ther|[O]ur|[S]he|[S]ince|[S]o"
        "|[S]ome|[S]uch|[T]hat|[T]he|[T]heir|[T]hen|[T]here|[T]hese|[T]hey|[T]his|[W]e|[W]hen|[W]hile|[W]hat|[Y]et"
        "|[Y]ou|{tag})"
    ),
    "suffix": (
        "(bat|bmp|c|class|cgi|cpp|dll|doc|docx|exe|gif|gz|h|htm|html|jar|java|jpeg|jpg|mov|mp3|pdf|php|pl|png|ppt|ps|py"
        "|sql|tar|txt|wav|x|xml|zip|wm[va])"
    ),
    "path": '(/[^ \t\n\f\r"<>|()]+[^ \t\n\f\r"<>|.!?(){},\\-])?',
    "site": '(www\\.([^ \t\n\f\r"<>|.!?(){},]+\\.)+[a-zA-Z]{2,4}'
    "|([^ \t\n\f\r\"`'<>|.!?(){},-_$]+\\.)+(com|net|org|edu))",
    "phone": (
        "(\\([0-9]{2,3}\\)[ \xa0]?|(\\+\\+?)?([0-9]{2,4}[\\- \xa0])?[0-9]{2,4}[\\- \xa0])"
        "[0-9]{3,4}[\\- \xa0]?[0-9]{3,5}"
        "|((\\+\\+?)?[0-9]{2,4}\\.)?[0-9]{2,4}\\.[0-9]{3,4}\\.[0-9]{3,5}"
    ),
    "slashed": "[A-Za-z0-9]+(-[A-Za-z]+){0,2}(\\\\?/[A-Za-z0-9]+(-[A-Za-z]+){0,2}){1,2}",
    "face": "[\\-\\^x=~<>']",
}

RULES = [
    Rule("c\\+\\+|(c|f)#"),
    Rule("cannot|'twas", give_back=3),
    Rule("{apos}tis|gonna|gotta|lemme|gimme|wanna", give_back=2),
    Rule("{tag}", "nbsp"),
    Rule("&(MD|mdash|ndash);|[\x96\x97\u2013-\u2015]", "dash"),
    Rule("&amp;", "ampersand"),
    Rule("&(HT|TL|UR|LR|QC|QL|QR|odq|cdq|#[0-9]+);"),
    Rule("{word}", "soft", after="{clitic}"),
    Rule("[A-Za-z\xad]*[A-MO-Za-mo-z]\xad*", "soft", after="{not}"),
    Rule("{word}", "soft"),
    Rule(
        "{apos}n{apos}?|[lLdDjJ]{apos}|Dunkin{apos}|somethin{apos}|ol{apos}|{apos}em"
        "|[A-HJ-XZn]{anyapos}{letter}{letter}{letter}*|{apos}[2-9]0s|{apos}till?"
        "|{letter}{letter}*[aeiouyAEIOUY]{anyapos}[aeiouA-Z]{letter}*|{apos}cause|cont'd\\.?|nor'easter|c'mon|e'er"
        "|s'mores|ev'ry|li'l|nat'l|O{anyapos}o"
    ),
    Rule("y{apos}", after="{letter}"),
    Rule('https?://[^ \t\n\f\r"<>|(){}]+[^ \t\n\f\r"<>|.!?(){},\\-]'),
    Rule("{site}{path}"),
    Rule(f'(&lt;|<)?[a-zA-Z0-9][^ \t\n\f\r"<>|()\xa0{{}}]*@([{_ADDRESS}]+\\.)*[{_ADDRESS}]+(&gt;|>)?'),
    Rule("@[a-zA-Z_][a-zA-Z_0-9]*|#{wordletter}+"),
    Rule("{clitic}", "close", after="[^A-Za-z]"),
    Rule("{not}", "close", after="[^A-Za-z]"),
    Rule("{digit}{1,2}[\\-/]{digit}{1,2}[\\-/]{digit}{2,4}"),
    Rule("[\\-+]?{number}", "soft"),
    Rule("[\u207a\u207b\u208a\u208b]?([\u2070\xb9\xb2\xb3\u2074-\u2079]+|[\u2080-\u2089]+)"),
    Rule("({digit}{1,4}[\\- \xa0])?{digit}{1,4}(\\\\?/|\u2044){digit}{1,4}", "nbsp"),
    Rule("[\xbc-\xbe\u2153-\u215e]", "vulgar"),
    Rule(
        "-(RRB|LRB|RCB|LCB|RSB|LSB)-|C\\.D\\.s|pro-|anti-|S(&|&amp;)P-500|S(&|&amp;)Ls|Cap{apos}n|c{apos}est",
        "ampersand",
    ),
    Rule("{slashed}"),
    Rule("[A-Z]*\\$|#"),
    Rule("[\xa2-\xa5\x80\u20a0\u20a4\u20ac\u060b\u0e3f\uffe0\uffe1\uffe5\uffe6]", "currency"),
    Rule("{acronym}\\.", "initial", after="{blank}+{opener}{blank}"),
    Rule("{before_number}", after="{blank}?{digit}"),
    Rule("(pt[eyEY]|co)\\.", after="{space}(ltd|lim)"),
    Rule("{before_lower}", after="[^][^]"),
    Rule("{before_lower}"),
    Rule("{before_upper}\\."),
    Rule("{before_upper}", after="{space}"),
    Rule("{acronym}", after="{blank}"),
    Rule("{apos}[0-9][0-9]", after="{blank}"),
    Rule("({wordletter}|{digit})+(\\.({wordletter}|{digit})+)*\\.{suffix}", after="({blank}|[.?!,])"),
    Rule("{word}\\.", "soft", after="{pause}"),
    Rule("{phone}", "phone"),
    Rule('"|&quot;', "open", after="[A-Za-z0-9$]"),
    Rule('"|&quot;', "close"),
    Rule("\x7f", "drop"),
    Rule("<|&lt;", "less"),
    Rule(">|&gt;", "greater"),
    Rule("[<>]?[:;=][\\-o*']?[()DPdpO\\\\{@|\\[\\]]", "parens", after="[^A-Za-z0-9]"),
    Rule(
        "[\\^x=~<>]\\.\\[\\^x=~<>\\]|{face}_{face}|\\({face}[_.]?{face}\\)|\\([\\^x=~<>']-[\\^x=~<>'`]\\)",
        "parens",
    ),
    Rule("\\{", "-LCB-"),
    Rule("\\}", "-RCB-"),
    Rule("\\[", "-LSB-"),
    Rule("\\]", "-RSB-"),
    Rule("\\(|\\)", "parens"),
    Rule("-+", "hyphens"),
    Rule("\\.{3,5}|(\\.[ \xa0]){2,4}\\.|[\x85\u2026]", "ellipsis"),
    Rule("@+|#+|_+"),
    Rule("\\*+|(\\\\\\*){1,3}"),
    Rule("{pause}"),
    Rule("[?!]+"),
    Rule("[.=]"),
    Rule("/"),
    Rule("{hyphenated}\\.", "soft", after="{pause}"),
    Rule("{hyphenated}", "soft"),
    Rule("{thing}\\.", after="{pause}"),
    Rule("{thing}"),
    Rule("{capitals}\\.", "ampersand", after="{pause}"),
    Rule("{capitals}", "ampersand"),
    Rule("'", "open", after="[A-Za-z][^ \t\n\r\xa0]"),
    Rule("{clitic}|{not}", "close"),
    Rule("{apos}|''|[`\u2018-\u201f\x91-\x94\u2039\u203a\xab\xbb]{1,2}", "close"),
    Rule("<<|>>"),
    Rule("[+%&~\\^|\\\\\u2044\u207a-\u207e\u208a-\u208e]|{symbol}"),
    Rule("\x00|{space}+|[\u200b\u200e\u200f\ufeff]|&nbsp;", "drop"),
    Rule("{newline}", "drop"),
]
