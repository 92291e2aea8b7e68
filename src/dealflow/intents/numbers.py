"""How people write numbers and money in chat."""

from __future__ import annotations

import re

WRITTEN = re.compile(r"\d+(?:[.,]\d+)*")
"""A number as it is written in normalised text; `amount` says what it means."""

SYMBOLS = {
    "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₱": "PHP", "฿": "THB", "₫": "VND",
    "₩": "KRW", "₹": "INR", "₺": "TRY", "₽": "RUB", "元": "CNY",
}  # fmt: skip
"""Signs of money, and the currency that each means where the lot does not say otherwise."""

WORDS = {
    "usd": "USD", "dollar": "USD", "dollars": "USD", "bucks": "USD", "buck": "USD",
    "bones": "USD", "smackers": "USD", "beans": "USD",
    "dolares": "USD",
    "eur": "EUR", "euro": "EUR", "euros": "EUR", "gbp": "GBP", "quid": "GBP", "pounds": "GBP",
    "php": "PHP", "piso": "PHP", "pesos": "peso", "peso": "peso", "thb": "THB", "baht": "THB",
    "บาท": "THB", "vnd": "VND", "dong": "VND", "idr": "IDR", "rupiah": "IDR", "rp": "IDR",
    "inr": "INR", "rs": "INR", "rupees": "INR", "rupee": "INR", "rupaye": "INR", "रुपये": "INR",
    "रुपए": "INR", "try": None, "tl": "TRY", "lira": "TRY", "zl": "PLN", "pln": "PLN",
    "zlotych": "PLN", "yen": "JPY", "jpy": "JPY", "円": "JPY", "원": "KRW", "krw": "KRW",
    "cad": "CAD", "aud": "AUD", "chf": "CHF", "franken": "CHF", "kr": "krona", "reais": "BRL",
    "real": None, "brl": "BRL", "mxn": "MXN", "块": "CNY", "塊": "TWD", "元": None, "rmb": "CNY",
    "ريال": "rial", "درهم": "dirham", "دينار": "dinar", "جنيه": "EGP", "ringgit": "MYR",
    "rm": "MYR",
    "sgd": "SGD", "nt": "TWD", "hkd": "HKD", "cents": None,
}  # fmt: skip
"""Words that follow or precede an amount; ``None`` where many currencies share the word."""

SHARED = {
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN"),
    "peso": ("", "MXN", "PHP", "ARS", "COP", "CLP", "UYU", "DOP"),
    "krona": ("", "SEK", "NOK", "DKK", "ISK"),
    "rial": ("SAR", "QAR", "OMR", "YER"),
    "dirham": ("AED", "MAD"),
    "dinar": ("KWD", "JOD", "BHD", "IQD", "DZD", "TND", "LYD"),
}
"""Names that many currencies share, each with those that it can mean. It is the lot's own where
that is among them, else the first; an empty one is not known."""

MULTIPLES = {
    "k": 1_000, "rb": 1_000, "ribu": 1_000, "jt": 1_000_000, "juta": 1_000_000, "tr": 1_000_000,
    "万": 10_000, "만": 10_000, "千": 1_000, "천": 1_000, "百": 100, "백": 100, "nghin": 1_000,
    "ngan": 1_000, "trieu": 1_000_000, "rbu": 1_000, "tys": 1_000, "bin": 1_000, "lakh": 100_000,
    "mil": 1_000, "grand": 1_000, "thousand": 1_000,
}  # fmt: skip
"""Words that make an amount larger: ``50rb`` is 50,000 rupiah."""

MAX_DIGITS = 15
"""Digits of a number that still mean something; a longer one is a word."""


def amount(text: str) -> float | None:
    """Return the number that the digits mean (``1,200`` ``1.200,50`` ``7.5``), or ``None``.

    A last group of exactly three digits after one kind of mark is a thousand, any other is a
    fraction. Times, dates and fractions (``12:30``, ``1/2``) are no numbers.
    """
    if text.isdecimal():
        return float(text) if len(text) <= MAX_DIGITS else None
    if ":" in text or "/" in text or len(text) > MAX_DIGITS:
        return None
    head, mark, tail = _split_last(text)
    if not (mark and tail.isdecimal() and head.replace(",", "").replace(".", "").isdecimal()):
        return None
    plain = head.replace(",", "").replace(".", "")
    same = mark in head or (("," in head) == ("." in head))
    if len(tail) == 3 and same and not plain.startswith("0"):
        return float(plain + tail)
    return float(f"{plain}.{tail}")


def _split_last(text: str) -> tuple[str, str, str]:
    at = max(text.rfind("."), text.rfind(","))
    return (text[:at], text[at], text[at + 1 :]) if at > 0 else (text, "", "")


UNITS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15,
}  # fmt: skip
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90,
}  # fmt: skip
"""English number words, which bidders spell out; a unit by itself counts things and is a word."""


def spelled(first: str, second: str) -> tuple[float, int] | None:
    """Read one or two words as a number: ``seventy five``, ``seven fifty``, ``two hundred``.

    Returns the number and how many of the words it took, or ``None``.
    """
    if first in TENS:
        unit = UNITS.get(second, 0)
        return (TENS[first] + unit, 2) if 0 < unit < 10 else (TENS[first], 1)
    if first == "hundred":
        return 100, 1
    if first in UNITS:
        if WORDS.get(second) is not None:
            return UNITS[first], 1
        if second in TENS:
            return UNITS[first] * 100 + TENS[second], 2
        if second == "hundred":
            return UNITS[first] * 100, 2
    return None
