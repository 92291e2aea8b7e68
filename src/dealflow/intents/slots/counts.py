"""How many pieces a message asks for, in words and in the counters of many languages."""

from __future__ import annotations

from collections.abc import Sequence

from dealflow.intents.evidence import MEASURES
from dealflow.intents.normalise import normalise
from dealflow.intents.slots.spoken import amounts_of
from dealflow.intents.tokens import Kind, Token, tokenise

MAX_QUANTITY = 99
"""A larger number in a claim is a code or a price, and beyond it nobody claims in chat."""

COUNT_WORDS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "twelve": 12, "dozen": 12, "couple": 2, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "deux": 2,
    "trois": 3, "quatre": 4, "cinq": 5, "zwei": 2, "drei": 3, "vier": 4, "tre": 3, "quattro": 4,
    "dalawa": 2, "dalawang": 2, "tatlo": 3, "tatlong": 3, "apat": 4, "duas": 2, "dois": 2,
    "quatro": 4, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "iki": 2, "uc": 3, "dwa": 2,
    "dwie": 2, "trzy": 3, "cztery": 4, "twee": 2, "drie": 3, "اثنين": 2, "حبتين": 2,
    "قطعتين": 2, "ثلاثه": 3, "ثلاث": 3, "तीन": 3, "चार": 4, "اتنين": 2, "ثنتين": 2, "ثنين": 2,
    "الثنتين": 2, "تلاته": 3, "اربعه": 4, "sechs": 6, "zwoa": 2, "zweimal": 2,
    "dreimal": 3, "vijf": 5, "zes": 6, "cinque": 5, "dort": 4, "piec": 5, "teeno": 3,
}  # fmt: skip
"""Words that count; those that are other words too are left out."""

ONES = frozenset({
    "one", "uno", "eins", "satu", "isa", "isang", "bir", "jeden", "jedna", "jedno", "een",
    "واحد", "واحده", "وحده", "حبه", "एक", "sebiji", "sepasang", "sehelai", "mot", "bi", "hiji",
})  # fmt: skip
"""Words for one piece; most of them point as well ("that one"), so they count only in places."""

_COUNTED_BEFORE = {"hai": 2, "ba": 3, "bon": 4, "nam": 5, "due": 2, "do": 2, "दो": 2, "teen": 3}
"""Words that count only before a counter: "hai cái", "due pezzi", "do piece"."""

_COUNTERS = frozenset({
    "cai", "chiec", "bo", "con", "hop", "ao", "goi", "doi", "pezzi", "pezzo", "piece", "pieces",
    "pc", "pcs", "paket", "pasang", "biji", "helai", "lembar", "buah", "tane", "adet", "sztuki",
    "sztuk", "szt", "stuks", "stuck", "stueck", "unidades", "piezas", "pares", "pecas", "packs",
    "packets", "pairs", "pair", "sets", "set", "boxes", "bags", "bag", "cases", "bottles", "items",
    "pack", "box", "case", "bottle", "jar", "tub", "skein", "puck", "bars", "jars",
    "piraso", "pirasong", "حبات", "قطع", "حبه", "पीस",
})  # fmt: skip
"""Words that follow a number of pieces."""

CHARS = {
    "一": 1, "二": 2, "两": 2, "兩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8,
    "九": 9, "十": 10, "한": 1, "두": 2, "세": 3, "네": 4,
}  # fmt: skip
_CHAR_COUNTERS = frozenset(
    "个個件条條只隻套份张張本盒包瓶双雙对對箱袋支台枚点點つ着冊개장벌켤병박세트줄봉통"
    "捲卷罐組组塊块斤根株朵顆颗粒尾"
)
_PHRASES = {
    "하나": 1, "둘": 2, "셋": 3, "ひとつ": 1, "ふたつ": 2, "みっつ": 3,
    "หนึ่ง": 1, "สอง": 2, "สาม": 3, "สี่": 4, "ห้า": 5,
}  # fmt: skip
_COUNTING = frozenset(COUNT_WORDS) | ONES | frozenset(_COUNTED_BEFORE)
_THAI_COUNTERS = (
    "ตัว", "ชิ้น", "อัน", "ใบ", "คู่", "ชุด", "กล่อง", "ขวด", "เส้น", "ถุง", "ม้วน",
    "ห่อ", "เครื่อง", "ลัง", "ผืน", "ต้น", "แพ็ค", "ก้อน", "ถาด", "แผ่น", "กระปุก",
    "หลอด", "ซอง", "เล่ม", "คัน", "ลูก", "ดอก", "กระถาง", "องค์", "แก้ว", "จาน",
)  # fmt: skip
_THAI_ONE = ("นึง", "หนึ่ง")
_COUNTING_CHARS = frozenset(CHARS) | {phrase[0] for phrase in (*_PHRASES, *_THAI_COUNTERS)}
LONGEST_COUNTER = 8
"""Characters of the longest counter in a script without spaces."""

_TAKES = frozenset({
    "take", "taking", "have", "want", "get", "grab", "need", "for", "me", "in", "buy", "gimme",
    "add", "chuck", "put", "hold", "save", "send", "quiero", "ponme", "pongame", "dame", "ambil",
    "mau", "pesan", "order", "beli", "nak", "isa", "lang", "yes", "just", "and", "mine", "sold",
    "claim", "up", "lay", "cho", "em", "please", "pls", "yung",
})  # fmt: skip
_NEVER_AFTER = frozenset({
    "that", "this", "the", "other", "last", "first", "next", "no", "which", "every", "any", "some",
    "green", "red", "blue", "black", "white", "good", "new", "old", "big", "small", "each", "only",
})  # fmt: skip
_NEVER_BEFORE = frozenset({
    "more", "day", "thing", "who", "that", "with", "i", "is", "question", "sec", "second", "minute",
    "time", "hundred", "year", "week", "or", "last", "by",
})  # fmt: skip


def said_count(tokens: Sequence[Token], *, lone: bool = True) -> tuple[int, int] | None:
    """Return how many pieces the words of a message ask for, and where it says so.

    Args:
        tokens: the message.
        lone: whether "one" counts without a word for what is counted.
    """
    for at, token in enumerate(tokens):
        count: int | None = None
        if token.text in _COUNTING or token.text[0] in _COUNTING_CHARS:
            count = _count_at(tokens, at, lone)
        elif token.kind is Kind.COUNT:
            count = whole_count(token.value)
        if count is not None:
            return count, at
    return None


def is_counted(tokens: Sequence[Token], at: int) -> bool:
    """Say whether what is counted follows the number at a place: ``3 packs``, ``4 frags``."""
    following = tokens[at + 1].text if at + 1 < len(tokens) else ""
    return _is_plural(following) or has_counter(tokens, at)


def has_counter(tokens: Sequence[Token], at: int) -> bool:
    """Say whether a counter follows the number at a place: ``2个``, ``3 packs``, ``1 cái``."""
    following = tokens[at + 1].text if at + 1 < len(tokens) else ""
    if following in _COUNTERS or following in _CHAR_COUNTERS:
        return True
    return _joined(tokens, at + 1, LONGEST_COUNTER).startswith(_THAI_COUNTERS)


def _is_plural(word: str) -> bool:
    """Say whether a word after a number looks like things that are counted ("3 frags")."""
    return len(word) > 3 and word.endswith("s") and not word.endswith("ss") and word.isascii()


def whole_count(value: float | None) -> int | None:
    """Return a value as a number of pieces, or ``None`` when it cannot be one."""
    if value is None or value != int(value) or not 1 <= value <= MAX_QUANTITY:
        return None
    return int(value)


def _count_at(tokens: Sequence[Token], at: int, lone: bool) -> int | None:
    token = tokens[at]
    if token.kind is not Kind.WORD:
        return None
    text = token.text
    before = tokens[at - 1].text if at else "^"
    after = tokens[at + 1].text if at + 1 < len(tokens) else "$"
    if after in MEASURES:
        return None
    if text in COUNT_WORDS:
        half = text == "dozen" and "half" in [token.text for token in tokens[max(0, at - 2) : at]]
        return 6 if half else COUNT_WORDS[text]
    if text in ONES and _is_one_piece(before, after, lone):
        return 1
    if text in _COUNTED_BEFORE and after in _COUNTERS:
        return _COUNTED_BEFORE[text]
    if len(text) == 1 and ord(text) > 0xE00:
        return _unspaced_count(tokens, at)
    return None


def _is_one_piece(before: str, after: str, lone: bool) -> bool:
    if before in _NEVER_AFTER or after in _NEVER_BEFORE:
        return False
    if after in _COUNTERS:
        return True
    if not lone:
        return False
    if before in _TAKES:
        return True
    return before in ("^", ",", ".", "!") and after in ("$", "please", "pls", ",", ".", "!", "for")


def _unspaced_count(tokens: Sequence[Token], at: int) -> int | None:
    text = tokens[at].text
    if text in CHARS:
        after = tokens[at + 1].text if at + 1 < len(tokens) else ""
        return CHARS[text] if after in _CHAR_COUNTERS else None
    joined = _joined(tokens, at, 2 * LONGEST_COUNTER)
    counter = next((one for one in _THAI_COUNTERS if joined.startswith(one)), None)
    if counter is not None and joined[len(counter) :].startswith(_THAI_ONE):
        return 1
    for phrase, count in _PHRASES.items():
        if joined.startswith(phrase):
            thai = "\u0e00" <= text <= "\u0e7f"
            rest = _joined(tokens, at + len(phrase), LONGEST_COUNTER)
            if rest.startswith("요"):
                return None  # the end of a question, not a number
            return count if not thai or rest.startswith(_THAI_COUNTERS) else None
    return None


def _joined(tokens: Sequence[Token], start: int, most: int) -> str:
    """Return the next characters of an unspaced script as one text."""
    parts: list[str] = []
    for token in tokens[start : start + most]:
        if len(token.text) != 1 or ord(token.text) < 0xE00:
            break
        parts.append(token.text)
    return "".join(parts)


_MORE = {
    "both": 2, "pair": 2, "double": 2, "un": 1, "una": 1, "une": 1, "ein": 1, "eine": 1,
    "einen": 1, "um": 1, "uma": 1,
}  # fmt: skip
"""Words that count pieces where it is known that they count; else they are said of one thing."""


def number_in(words: str) -> float | None:
    """Return the number that some words say when they say nothing else: "3", "two", "dos"."""
    tokens = [
        token
        for token in tokenise(normalise(words), frozenset(), frozenset())
        if token.kind is not Kind.BREAK
    ]
    if len(tokens) == 1:
        text = tokens[0].text
        for counts in (COUNT_WORDS, _MORE, CHARS):
            if text in counts:
                return counts[text]
        if text in ONES:
            return 1
        if tokens[0].value is not None:
            return tokens[0].value
    amounts = list(amounts_of(tokens, ""))
    if len(amounts) == 1 and (amounts[0].start, amounts[0].end) == (0, len(tokens)):
        return amounts[0].value
    return None
