"""Rules that every template keeps, and error pages that need nothing."""

import re
from pathlib import Path

import pytest
from django.template.loader import render_to_string

TEMPLATES = sorted((Path(__file__).resolve().parents[2] / "templates").rglob("*.html"))

FORBIDDEN = {
    "inline style": r"\sstyle\s*=",
    "style element": r"<style",
    "inline script": r"<script(?![^>]*\bsrc=)",
    "inline handler": r"\son[a-z]+\s*=\s*[\"']",
    "hx-on": r"\bhx-on",
    "script in hx-vals": r"\bjs:",
    "javascript address": r"javascript:",
    "unescaped output": r"\|\s*safe\b|autoescape off",
    "foreign host": r"(?:src|href)=[\"']https?://",
}


@pytest.mark.parametrize("rule", FORBIDDEN)
def test_no_template_breaks_the_content_security_policy(rule: str) -> None:
    pattern = re.compile(FORBIDDEN[rule], re.IGNORECASE)
    assert [path.name for path in TEMPLATES if pattern.search(path.read_text())] == []


@pytest.mark.parametrize("status", ["403", "404", "429", "500", "503"])
def test_error_page_renders_without_any_context_and_without_a_database(status: str) -> None:
    page = render_to_string(f"{status}.html")
    assert f'<p class="plain__code">{status}</p>' in page
    assert page.count("<h1>") == 1
    assert 'href="#main"' in page


def test_forbidden_page_says_what_is_missing() -> None:
    page = render_to_string("403.html", {"reason": "Only <full> administrators may do this."})
    assert "<p>Only &lt;full&gt; administrators may do this.</p>" in page
    assert "Your role does not allow" not in page


def test_server_error_page_gives_the_tracking_id() -> None:
    assert '<p class="code">PORTAL_1</p>' in render_to_string("500.html", {"tracking_id": "PORTAL_1"})


def test_unavailable_page_retries_by_script_and_without_one_by_refresh() -> None:
    page = render_to_string("503.html")
    assert "js/retry.js" in page
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
