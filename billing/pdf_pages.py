"""A document of headings, paragraphs and tables as a tagged PDF: whoever has it read hears headings, cells and their heads.

ReportLab draws and embeds; the structure (ISO 32000-1, 14.7-14.8) is ours. Same content, same bytes.
"""

import io
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reportlab.pdfbase.pdfdoc import (
    PDFArray,
    PDFDictionary,
    PDFName,
    PDFObject,
    PDFObjectReference,
    PDFPage,
)
from reportlab.pdfgen.canvas import Canvas

from billing import pdf_fonts
from billing.pdf_fonts import REGULAR, STRONG

INK, FAINT, RULE = 0.09, 0.38, 0.78
MARGIN, FOOT = 48.0, 56.0
# The fonts' files are read with a position of their own: one document at a time.
_ONE = threading.Lock()


@dataclass(frozen=True)
class Style:
    """How a piece of text looks, and the space above it."""

    tag: str
    font: str = REGULAR
    size: float = 9.0
    shade: float = INK
    above: float = 4.0

    @property
    def leading(self) -> float:
        return self.size * 1.35


TITLE = Style("H1", STRONG, 20, above=0)
HEADING = Style("H2", STRONG, 11.5, above=16)
BODY = Style("P")
NOTE = Style("P", size=8, shade=FAINT)
HEAD_CELL = Style("TH", STRONG, 8, above=3)
CELL = Style("TD", size=8.5, above=3)
SUM_CELL = Style("TD", STRONG, 8.5, above=3)
FOOTER = Style("Artifact", size=8, shade=FAINT)


@dataclass(frozen=True)
class Column:
    """A column of a table: its head, its share of the width, and where its text stands."""

    head: str
    share: float
    number: bool = False


@dataclass
class Element:
    """A node of the structure: a heading, a table, a cell. `kids`: nodes, or (page, number) of marked content."""

    tag: str
    kids: list["Element | tuple[int, int]"] = field(default_factory=list)
    head_of: str = ""
    reference: PDFObjectReference | None = None

    def add(self, tag: str, head_of: str = "") -> "Element":
        self.kids.append(Element(tag, head_of=head_of))
        return self.kids[-1]  # type: ignore[return-value]


class Document:
    """Pages from top to bottom. `footer` stands on each of them, beside its number."""

    def __init__(
        self, *, title: str, footer: str, size: tuple[float, float], made_at: datetime, mark: str = ""
    ) -> None:
        pdf_fonts.load()
        self._file = io.BytesIO()
        self._canvas = Canvas(
            self._file,
            pagesize=size,
            invariant=1,
            pdfVersion=(1, 7),
            initialFontName=REGULAR,
            lang="en",
            pageCompression=1,
        )
        stamp = self._canvas._doc._timeStamp
        stamp.t, stamp.lt = made_at.timestamp(), made_at.utctimetuple()
        stamp.YMDhms = tuple(stamp.lt)[:6]
        self._canvas.setTitle(title)
        self._canvas.setAuthor("Wholesale Portal")
        self._canvas.setSubject(title)
        self._canvas.setCreator("Wholesale Portal")
        self._footer, self._mark, self._size = footer, mark, size
        self._root = Element("Document")
        self._pages: list[list[str]] = []
        self._marked: list[list[Element]] = [[]]
        self._y = size[1] - MARGIN
        self.whole = True

    @property
    def width(self) -> float:
        return self._size[0] - 2 * MARGIN

    def text(self, text: str, style: Style = BODY) -> None:
        """A heading or a paragraph. A heading stays with what follows it."""
        lines = wrapped(text, style, self.width)
        stays = 60.0 if style.tag.startswith("H") else 0.0
        self._make_room(style.above + len(lines) * style.leading + stays)
        self._y -= style.above
        self._block(self._root.add(style.tag), text, lines, style, MARGIN)

    def facts(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Names and values, one below the other."""
        for name, value in pairs:
            lines = wrapped(value, BODY, self.width - 110)
            self._make_room(BODY.above + len(lines) * BODY.leading)
            self._y -= BODY.above
            element, top = self._root.add("P"), self._y
            self._block(element, name, [f"{name}: "], Style("P", shade=FAINT), MARGIN)
            self._y = top
            self._block(element, value, lines, BODY, MARGIN + 110)

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[str]], *, total: Sequence[str] = ()) -> None:
        """A table. Its head stands on each page that it is on; the sum, the last row, is never alone on one."""
        table = self._root.add("Table")
        self._y -= 4
        self._row(table, columns, [column.head for column in columns], HEAD_CELL, room=40)
        waiting: Sequence[str] | None = None
        for row in rows:
            if waiting:
                self._row(table, columns, waiting, CELL)
            waiting = row
        if waiting:
            self._row(table, columns, waiting, CELL, room=30 if total else 0)
        if total:
            self._row(table, columns, total, SUM_CELL)

    def finish(self) -> bytes:
        """The file. Footers come last, because only now the number of pages is known."""
        self._close_page()
        for number, code in enumerate(self._pages, start=1):
            self._canvas._code = code
            self._draw_footer(number)
            self._canvas.showPage()
        self._write_structure()
        with _ONE:
            self._canvas.save()
        return self._file.getvalue()

    # -- Rows and blocks ---------------------------------------------------------------------------------------------
    def _row(
        self, table: Element, columns: Sequence[Column], row: Sequence[str], style: Style, room: float = 0
    ) -> None:
        sides = self._sides(columns)
        cells = [wrapped(text, style, right - left) for text, (left, right) in zip(row, sides, strict=True)]
        height = style.above * 2 + max(map(len, cells)) * style.leading
        if self._make_room(height + room) and style is not HEAD_CELL:
            self._repeat_head(columns)
        element, top = table.add("TR"), self._y
        for text, lines, column, (left, right) in zip(row, cells, columns, sides, strict=True):
            self._y = top - style.above
            cell = element.add(style.tag, "Column" if style is HEAD_CELL else "")
            self._block(cell, text, lines, style, left, right if column.number else None)
        self._y = top - height
        self._rule()

    def _repeat_head(self, columns: Sequence[Column]) -> None:
        """For the eye only: the structure has one head."""
        top = self._y
        with self._artifact():
            for column, (left, right) in zip(columns, self._sides(columns), strict=True):
                self._y = top - HEAD_CELL.above
                for line in wrapped(column.head, HEAD_CELL, right - left):
                    self._line(line, HEAD_CELL, left, right if column.number else None)
        heads = max(
            len(wrapped(column.head, HEAD_CELL, right - left))
            for column, (left, right) in zip(columns, self._sides(columns), strict=True)
        )
        self._y = top - HEAD_CELL.above * 2 - heads * HEAD_CELL.leading
        self._rule()

    def _sides(self, columns: Sequence[Column]) -> list[tuple[float, float]]:
        total, left, sides = sum(column.share for column in columns), MARGIN, []
        for column in columns:
            right = left + self.width * column.share / total
            sides.append((left, right - (0 if column is columns[-1] else 8)))
            left = right
        return sides

    def _block(
        self, element: Element, text: str, lines: Sequence[str], style: Style, left: float, right: float | None = None
    ) -> None:
        """Lines as one piece of marked content. Where a sign cannot be shown, the text itself goes with it."""
        shown = all(pdf_fonts.is_whole(line, style.font) for line in lines)
        self.whole = self.whole and shown
        page, number = len(self._pages), len(self._marked[-1])
        element.kids.append((page, number))
        self._marked[-1].append(element)
        actual = "" if shown else f" /ActualText {_string(text, self._canvas)}"
        self._canvas._code.append(f"/{style.tag} <</MCID {number}{actual}>> BDC")
        for line in lines:
            self._line(line, style, left, right)
        self._canvas._code.append("EMC")

    def _line(self, line: str, style: Style, left: float, right: float | None) -> None:
        self._y -= style.leading
        x = left if right is None else right - pdf_fonts.width(line.rstrip(), style.font, style.size)
        text = self._canvas.beginText(x, self._y + style.leading - style.size)
        text.setFillGray(style.shade)
        for font, piece in pdf_fonts.runs(line, style.font):
            text.setFont(font, style.size)
            text.textOut(piece)
        self._canvas.drawText(text)

    # -- Pages -------------------------------------------------------------------------------------------------------
    def _make_room(self, height: float) -> bool:
        """Begin another page unless `height` fits on this one."""
        if self._y - height >= FOOT or self._y >= self._size[1] - MARGIN:
            return False
        self._close_page()
        self._marked.append([])
        self._y = self._size[1] - MARGIN
        return True

    def _close_page(self) -> None:
        self._pages.append(self._canvas._code)
        self._canvas._code = []

    def _draw_footer(self, number: int) -> None:
        count, right = f"Page {number} of {len(self._pages)}", self._size[0] - MARGIN
        with self._artifact():
            for text, edge in ((shortened(self._footer, FOOTER, self.width - 90), None), (count, right)):
                self._y = MARGIN - 6
                self._line(text, FOOTER, MARGIN, edge)
            if self._mark:
                self._y = self._size[1] - 18
                self._line(self._mark, Style("Artifact", STRONG, 9, FAINT), MARGIN, right)

    @contextmanager
    def _artifact(self) -> Iterator[None]:
        """What belongs to the page and not to the text."""
        self._canvas._code.append("/Artifact BMC")
        yield
        self._canvas._code.append("EMC")

    def _rule(self) -> None:
        with self._artifact():
            self._canvas.setStrokeGray(RULE)
            self._canvas.setLineWidth(0.5)
            self._canvas.line(MARGIN, self._y, self._size[0] - MARGIN, self._y)

    # -- Structure ---------------------------------------------------------------------------------------------------
    def _write_structure(self) -> None:
        document = self._canvas._doc
        pages = [self._tagged_page(number) for number in range(len(self._pages))]
        root = PDFDictionary({"Type": PDFName("StructTreeRoot")})
        top = self._write_element(self._root, document.Reference(root), pages)
        parents: list[Any] = []
        for number, marked in enumerate(self._marked):
            parents += [number, document.Reference(PDFArray([element.reference for element in marked]))]
        root.dict |= {
            "K": PDFArray([top]),
            "ParentTree": document.Reference(PDFDictionary({"Nums": PDFArray(parents)})),
            "ParentTreeNextKey": len(self._pages),
        }
        document.Catalog.StructTreeRoot = root
        document.Catalog.MarkInfo = PDFDictionary({"Marked": _Word("true")})
        document.Catalog.ViewerPreferences = PDFDictionary({"DisplayDocTitle": _Word("true")})

    def _tagged_page(self, number: int) -> PDFObjectReference:
        page: Any = self._canvas._doc.idToObject[f"Page{number + 1}"]
        page.__NoDefault__ = [*PDFPage.__NoDefault__, "StructParents", "Tabs"]
        page.StructParents, page.Tabs = number, PDFName("S")
        return PDFObjectReference(f"Page{number + 1}")

    def _write_element(self, element: Element, parent: Any, pages: Sequence[PDFObjectReference]) -> PDFObjectReference:
        document = self._canvas._doc
        node = PDFDictionary({"Type": PDFName("StructElem"), "S": PDFName(element.tag), "P": parent})
        element.reference = document.Reference(node)
        kids: list[Any] = []
        for kid in element.kids:
            if isinstance(kid, Element):
                kids.append(self._write_element(kid, element.reference, pages))
            else:
                page, number = kid
                kids.append(PDFDictionary({"Type": PDFName("MCR"), "Pg": pages[page], "MCID": number}))
        node.dict["K"] = PDFArray(kids)
        if element.head_of:
            node.dict["A"] = PDFDictionary({"O": PDFName("Table"), "Scope": PDFName(element.head_of)})
        return element.reference


class _Word(PDFObject):
    """A bare word of PDF: true, false."""

    def __init__(self, word: str) -> None:
        self.word = word

    def format(self, document: object) -> bytes:
        return self.word.encode()


def _string(text: str, canvas: Canvas) -> str:
    """Text as it stands inside a page's own code, whatever its signs."""
    return "<FEFF" + text.encode("utf-16-be").hex().upper() + ">"


def wrapped(text: str, style: Style, width: float) -> list[str]:
    """The text in lines no wider than `width`; a word that is wider by itself is broken anywhere.

    A line ends with the space after its last word, so that whoever copies the text gets words.
    """
    lines, line = [], ""
    for word in text.split():
        if line and pdf_fonts.width(f"{line}{word}", style.font, style.size) > width:
            lines.append(line)
            line = ""
        *full, rest = _broken(word, style, width)
        lines += full
        line += f"{rest} "
    return [*lines, line.rstrip()]


def _broken(word: str, style: Style, width: float) -> list[str]:
    """A word in pieces that fit, nearly always one."""
    if pdf_fonts.width(word, style.font, style.size) <= width:
        return [word]
    pieces = [""]
    for sign in word:
        if pieces[-1] and pdf_fonts.width(pieces[-1] + sign, style.font, style.size) > width:
            pieces.append("")
        pieces[-1] += sign
    return pieces


def shortened(text: str, style: Style, width: float) -> str:
    """The beginning of a text that is too long for its line."""
    if pdf_fonts.width(text, style.font, style.size) <= width:
        return text
    while text and pdf_fonts.width(f"{text}…", style.font, style.size) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"
