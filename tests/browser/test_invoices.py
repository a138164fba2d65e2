"""Given the demo's months, when a service provider and its indirect provider look, then each reads and keeps what is its own."""

import csv
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Portal, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Arrive = Callable[[str], Visitor]


def download(page: Page, name: str, to: Path) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("link", name=name, exact=True).click()
    path = to / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def total(page: Page) -> Decimal:
    """The grand total as the page prints it."""
    return Decimal(page.locator("tfoot td").first.inner_text().replace(",", "").replace("−", "-"))


def in_csv(path: Path) -> Decimal:
    with path.open(newline="", encoding="utf-8") as file:
        return sum((Decimal(row["AMOUNT"]) for row in csv.DictReader(file)), Decimal(0))


def test_an_invoice_is_read_and_kept(visitor: Arrive, portal: Portal, tmp_path: Path) -> None:
    paula = visitor("partner_full")
    paula.menu("Invoices")
    paula.look("invoices")
    paula.page.get_by_label("Status").select_option("issued")
    expect(paula.page.locator("#invoices tbody").get_by_text("Draft", exact=True)).to_have_count(0)
    paula.page.locator("#invoices tbody a").first.click()
    expect(paula.page.get_by_role("heading", level=1)).to_contain_text("Invoice ")
    paula.look("invoice")
    whole = total(paula.page)
    assert in_csv(download(paula.page, "CSV", tmp_path)) == whole > 0
    pdf = download(paula.page, "PDF", tmp_path)
    assert (pdf.suffix, pdf.read_bytes()[:5]) == (".pdf", b"%PDF-")

    susan = visitor("subpartner_full")
    susan.go(paula.page.url)
    expect(susan.page.get_by_role("heading", level=1)).not_to_contain_text(
        "Invoice "
    )  # the whole is none of its business
    susan.go("/")
    susan.menu("Invoices")
    susan.page.locator("#invoices tbody").get_by_role("row").filter(has_text="Issued").get_by_role("link").first.click()
    susan.look("invoice-share")
    assert in_csv(download(susan.page, "CSV", tmp_path)) == total(susan.page) < whole


def test_the_margin_follows_a_price(visitor: Arrive, portal: Portal) -> None:
    susan = visitor("subpartner_full")
    susan.menu("Margin")
    expect(susan.page.get_by_text("You have entered no prices")).to_be_visible()
    susan.page.get_by_role("link", name="Add price").click()
    susan.page.get_by_role("button", name="Add price").click()
    susan.look("customer-price-errors")
    susan.page.get_by_label("Package").select_option("webex_voice")
    susan.page.get_by_label("Price in USD").fill("11.50")
    susan.page.get_by_label("Valid from").fill("2026-01-01")
    susan.page.get_by_role("button", name="Add price").click()
    susan.look("customer-prices")
    susan.menu("Margin")
    susan.look("margin")
    expect(susan.page.get_by_text("You have entered no prices")).to_have_count(0)
