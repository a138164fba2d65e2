"""The PDF of an invoice: tagged, embedded, the same every time, whatever the names and however many the lines."""

import base64
import re
import zlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import invoice_pdf, pdf_fonts
from billing.models import Invoice
from billing.pdf_pages import CELL, wrapped
from billing.queries.invoices import Bill, draft_bill, issued_bill
from tenancy.models import Partner
from tests.cast import Cast
from tests.factories import invoice_line, make_customer, make_invoice, make_partner

pytestmark = pytest.mark.django_db
STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)


def pages(pdf: bytes) -> list[str]:
    """What is drawn on each page. ASCII stands as it is in the strings, other signs as numbers of a font's subset."""
    found = []
    for stream in STREAM.findall(pdf):
        try:
            text = zlib.decompress(
                base64.a85decode(stream.strip(), adobe=False) if stream.rstrip().endswith(b"~>") else stream
            )
        except (ValueError, zlib.error):
            text = _decoded(stream)
        if b"BDC" in text:
            found.append(text.decode("latin-1"))
    return found


def _decoded(stream: bytes) -> bytes:
    try:
        return zlib.decompress(base64.a85decode(stream.strip().removesuffix(b"~>")))
    except (ValueError, zlib.error):
        return b""


def shown(pdf: bytes) -> str:
    """All drawn text, piece by piece."""
    return " ".join(re.findall(r"\((.*?)(?<!\\)\) Tj", " ".join(pages(pdf)))).replace("\\(", "(").replace("\\)", ")")


def tags(pdf: bytes) -> dict[str, int]:
    names = re.findall(rb"/S /(\w+)", pdf)
    return {name.decode(): names.count(name) for name in sorted(set(names))}


def bill_of(invoice: Invoice, viewer: Partner | None = None) -> Bill:
    return issued_bill(viewer or invoice.partner, invoice)


@pytest.fixture
def invoice(cast: Cast) -> Invoice:
    return make_invoice(
        cast.north, invoice_line(cast.north, "31.00", description="Norths suite"), invoice_line(cast.branch, "15.50")
    )


def test_it_says_what_the_invoice_says(invoice: Invoice) -> None:
    text = shown(invoice_pdf.invoice_pdf(bill_of(invoice)))
    said = ("Invoice 2020-000001", "Northwind Voice", "46.50 USD", "SKU-webex_suite", "31.000000", invoice.sha256)
    assert [part for part in said if part not in text] == []
    assert "DRAFT" not in text


def test_the_same_invoice_gives_the_same_bytes(invoice: Invoice) -> None:
    first = invoice_pdf.invoice_pdf(bill_of(invoice))
    assert invoice_pdf.invoice_pdf(bill_of(Invoice.objects.get(pk=invoice.pk))) == first


def test_headings_and_tables_are_tagged(invoice: Invoice) -> None:
    pdf = invoice_pdf.invoice_pdf(bill_of(invoice))
    found = tags(pdf)
    assert (found["Document"], found["H1"], found["H2"], found["Table"]) == (1, 1, 5, 4)
    assert (found["TH"], found["TR"]) == (3 + 5 + 6 + 6, (1 + 1 + 1) + (1 + 2 + 1) + (1 + 1 + 1) * 2)
    assert found["TD"] == 2 * 3 + 3 * 5 + 2 * 6 + 2 * 6
    marked = sum(len(re.findall(r"/MCID \d+", page)) for page in pages(pdf))
    assert marked == len(re.findall(rb"/Type /MCR", pdf))
    assert all(
        part in pdf for part in (b"/MarkInfo", b"/Marked true", b"/StructParents", b"/Lang (en)", b"/Scope /Column")
    )


def test_its_fonts_are_inside(invoice: Invoice) -> None:
    pdf = invoice_pdf.invoice_pdf(bill_of(invoice))
    names = set(re.findall(rb"/BaseFont /(\S+)", pdf))
    assert names == {b"AAAAAA+Inter-Regular", b"AAAAAA+Inter-SemiBold"}
    assert pdf.count(b"/FontFile2") == 2


def test_a_share_has_nothing_of_the_others(invoice: Invoice, cast: Cast) -> None:
    text = shown(invoice_pdf.invoice_pdf(bill_of(invoice, cast.branch)))
    assert [part in text for part in ("Branch Reseller", "15.50 USD")] == [True, True]
    assert [part in text for part in ("Norths suite", "46.50", invoice.sha256)] == [False] * 3


def test_a_draft_is_marked_on_every_page(cast: Cast) -> None:
    month = date(2020, 1, 1)
    bill = draft_bill(cast.north, month, today=date(2020, 1, 20))
    assert bill
    drawn = pages(invoice_pdf.invoice_pdf(bill))
    assert ["(DRAFT) Tj" in page for page in drawn] == [True] * len(drawn)
    assert "Nothing was used in this month so far." in shown(invoice_pdf.invoice_pdf(bill))


def test_many_lines_go_over_many_pages_and_the_rest_is_summed_up(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invoice_pdf, "MOST_LINES", 90)
    lines = [invoice_line(cast.north, "1.00", description=f"Line {n} of many") for n in range(120)]
    pdf = invoice_pdf.invoice_pdf(bill_of(make_invoice(cast.north, *lines)))
    text = shown(pdf)
    count = len(pages(pdf))
    assert count > 2
    assert [f"Page {number} of {count}" in text for number in range(1, count + 1)] == [True] * count
    assert ("Line 89 of many" in text, "Line 90 of many" in text) == (True, False)
    assert ("30 more lines" in text, "They come to 30.00 USD." in text) == (True, True)
    assert all("Price per" in page for page in pages(pdf)[1:-1])  # the head again, for the eye
    assert tags(pdf)["TH"] == 3 + 6  # and once in the structure


@pytest.mark.parametrize(
    ("name", "font"),
    [
        ("Βοή του Βορρά", b"Inter"),
        ("Голос Севера", b"Inter"),
        ("Đài Phương Bắc", b"Inter"),
        ("北風ボイス", b"HeiseiKakuGo-W5"),
        ("北方网络", b"STSong-Light"),
        ("북풍 통신", b"HYGothic-Medium"),
    ],
)
def test_names_of_the_world(name: str, font: bytes) -> None:
    pdf = invoice_pdf.invoice_pdf(bill_of(make_invoice(make_partner(name))))
    assert font in pdf
    assert "A question mark stands" not in shown(pdf)


def test_what_no_font_has_is_a_question_mark_to_the_eye_only() -> None:
    name = "صوت Voice"
    pdf = invoice_pdf.invoice_pdf(bill_of(make_invoice(make_partner(name))))
    assert "??? Voice" in re.sub(" +", " ", shown(pdf))
    assert f"/ActualText <FEFF{name.encode('utf-16-be').hex().upper()}>" in " ".join(pages(pdf))
    assert "A question mark stands for a sign that this file cannot show." in shown(pdf)


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=200), st.integers(20, 300))
def test_no_line_is_wider_than_its_place(text: str, width: int) -> None:
    pdf_fonts.load()
    lines = wrapped(text, CELL, width)
    assert "".join(lines).split() == text.split() or "".join("".join(lines).split()) == "".join(text.split())
    wide = [line for line in lines if pdf_fonts.width(line.rstrip(), CELL.font, CELL.size) > width]
    assert [line for line in wide if len(line.strip()) > 1] == []


def test_hostile_names_break_nothing(cast: Cast) -> None:
    name = ") Tj ET \\ (<</MCID 0>> BDC EMC %" + "x" * 80
    partner = make_partner(name)
    make_customer(partner)
    pdf = invoice_pdf.invoice_pdf(bill_of(make_invoice(partner, invoice_line(partner, description="<svg> & \\) (("))))
    drawn = " ".join(pages(pdf))
    assert drawn.count("BDC\n") + drawn.count("BMC\n") == drawn.count("EMC\n")
    assert "<svg> & " in shown(pdf)
