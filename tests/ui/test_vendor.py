"""What is vendored is what VENDOR.lock says, and templates name only icons that exist."""

import hashlib
import json
import re
from pathlib import Path

from tenancy import navigation

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "static" / "vendor"
CACHES = {"__pycache__", ".ruff_cache"}
OUR_OWN = {"VENDOR.lock", "refresh.py", "icons.txt"}


def test_every_vendored_file_has_the_locked_hash_and_none_is_unlisted() -> None:
    locked = {
        name: digest
        for entry in json.loads((VENDOR / "VENDOR.lock").read_text())
        for name, digest in entry["files"].items()
    }
    found = {
        str(path.relative_to(VENDOR)): hashlib.sha512(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name not in OUR_OWN and not CACHES & set(path.parts)
    }
    assert found == locked


def test_every_vendored_package_brings_its_licence() -> None:
    folders = {path for path in VENDOR.iterdir() if path.is_dir() and path.name not in CACHES}
    assert {folder.name for folder in folders if not (folder / "LICENSE").is_file()} == set()


def test_no_brand_mark_is_vendored() -> None:
    assert re.findall(r"webex|cisco", (VENDOR / "icons.txt").read_text().split("\n", 2)[2], re.IGNORECASE) == []


def sprite() -> set[str]:
    (path,) = VENDOR.glob("momentum-icons-*/sprite.svg")
    return set(re.findall(r'<symbol id="([^"]+)"', path.read_text()))


def test_templates_and_scripts_name_only_icons_of_the_sprite() -> None:
    used = set()
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text()
        used |= set(re.findall(r'<c-icon name="([a-z-]+)"', text))
        used |= set(re.findall(r'<c-[a-z-]+ [^>]*\bicon="([a-z-]+)"', text))
    used |= set(re.findall(r'"([a-z-]+-filled)"', (ROOT / "static/js/portal.js").read_text()))
    assert used - sprite() == set()


def test_navigation_names_only_icons_of_the_sprite() -> None:
    entries = navigation.PARTNER_HUB + navigation.CONTROL_HUB
    assert {entry.icon for entry in entries} - sprite() == set()


def test_style_sheets_use_only_tokens_that_exist() -> None:
    sheets = [path.read_text() for path in (ROOT / "static/css").glob("*.css")]
    (tokens,) = VENDOR.glob("momentum-tokens-*/tokens.css")
    defined = set(re.findall(r"(--[a-z0-9-]+):", tokens.read_text() + "".join(sheets)))
    used = {name for sheet in sheets for name in re.findall(r"var\((--[a-z0-9-]+)", sheet)}
    assert used - defined == set()
