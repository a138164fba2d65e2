"""The fonts of our PDFs: Inter, embedded, and what stands in where Inter has no glyph.

Chinese, Japanese and Korean names are set in the fonts that PDF readers bring along for them. Other signs become question
marks; whoever copies or has the text read gets the true ones (`ActualText`, billing.pdf_pages).
"""

from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path

from django.conf import settings
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

REGULAR, STRONG = "Inter", "Inter-SemiBold"
JAPANESE, KOREAN, CHINESE = "HeiseiKakuGo-W5", "HYGothic-Medium", "STSong-Light"
_FILES = {REGULAR: "inter-regular.ttf", STRONG: "inter-semibold.ttf"}
_UNKNOWN = "?"


@cache
def load() -> None:
    """Make the fonts known, once a process."""
    folder = Path(settings.BASE_DIR) / "static" / "vendor" / "inter-5.3.0"
    for name, file in _FILES.items():
        pdfmetrics.registerFont(TTFont(name, folder / file))
    for name in (JAPANESE, KOREAN, CHINESE):
        pdfmetrics.registerFont(UnicodeCIDFont(name))


@lru_cache(maxsize=20_000)
def runs(text: str, font: str) -> tuple[tuple[str, str], ...]:
    """The text in pieces of one font each, with a question mark for every sign that none has."""
    known = _signs_of(font)
    if known.issuperset(text):
        return ((font, text),)
    ideographs = CHINESE if any(_is_han(sign) and not _is_japanese(sign) for sign in text) else JAPANESE
    return tuple(_pieces(text, font, known, ideographs))


def _pieces(text: str, font: str, known: frozenset[str], ideographs: str) -> Iterator[tuple[str, str]]:
    for chosen, signs in groupby(text, key=lambda sign: _font_for(sign, font, known, ideographs)):
        joined = "".join(signs)
        yield (chosen, joined) if chosen else (font, _UNKNOWN * len(joined))


@cache
def _signs_of(font: str) -> frozenset[str]:
    return frozenset({*map(chr, pdfmetrics.getFont(font).face.charToGlyph), "\xa0"})


def is_whole(text: str, font: str) -> bool:
    """Can every sign be shown?"""
    return "".join(piece for _, piece in runs(text, font)) == text


@lru_cache(maxsize=20_000)
def width(text: str, font: str, size: float) -> float:
    return sum(pdfmetrics.stringWidth(piece, chosen, size) for chosen, piece in runs(text, font))


def _font_for(sign: str, font: str, known: frozenset[str], ideographs: str) -> str:
    if sign in known:
        return font
    if "\uac00" <= sign <= "\ud7a3":
        return KOREAN
    if _is_han(sign) or "\u3000" <= sign <= "\u30ff" or "\uff01" <= sign <= "\uff5e":
        return ideographs
    return ""


def _is_han(sign: str) -> bool:
    return "\u4e00" <= sign <= "\u9fff"


def _is_japanese(sign: str) -> bool:
    try:
        return bool(sign.encode("shift_jis"))
    except UnicodeEncodeError:
        return False
