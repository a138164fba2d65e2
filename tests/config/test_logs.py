"""Logs hold no secrets."""

import json
import logging

import pytest
from django.test import RequestFactory

from config.logs import logging_config, mask_secrets


def test_values_of_secret_names_and_signed_links_are_masked() -> None:
    event = {
        "event": "password reset",
        "password": "hunter2",
        "api_token": "wsp_abc",
        "path": "/partner/p/billing/reports/r/download/eyJhbGciOi:1x:sig/",
        "event_path": "Gone: /v1/files/WyJkM2IwODAy:1xX3yN:lP8Sn0q",
        "count": 3,
    }
    assert mask_secrets(None, "info", event) == {
        "event": "password reset",
        "password": "***",
        "api_token": "***",
        "path": "/partner/p/billing/reports/r/download/***/",
        "event_path": "Gone: /v1/files/***",
        "count": 3,
    }


def test_a_line_is_json_with_its_extra_fields(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        logging_config(level="INFO", json=True)
        logging.getLogger("portal.test").warning("bell failed", extra={"job": "j1", "secret": "s"})
    finally:
        root.handlers[:], root.level = before
    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert {name: line[name] for name in ("event", "job", "secret", "level")} == {
        "event": "bell failed",
        "job": "j1",
        "secret": "***",
        "level": "warning",
    }


def test_a_token_is_masked_wherever_it_stands() -> None:
    tail = "x1_-" * 8
    text = f"GET /callback?code=wsc_{tail}&state=s Bearer wsp_{tail}, wsr_{tail} and wss_{tail}"
    event = {"event": text, "path": f"/v1/{tail}"}
    assert mask_secrets(None, "info", event) == {
        "event": "GET /callback?code=***&state=s Bearer ***, *** and ***",
        "path": f"/v1/{tail}",
    }


def test_a_request_is_told_without_its_query() -> None:
    request = RequestFactory().post("/v1/access_token?client_secret=anything", {"code": "x"})
    assert mask_secrets(None, "info", {"request": request}) == {"request": "POST /v1/access_token"}
    link = RequestFactory().get("/billing/download/a-signature/file.csv")
    assert mask_secrets(None, "info", {"path": "/v1/files/a-signature"}) == {"path": "/v1/files/***"}
    assert mask_secrets(None, "info", {"request": link}) == {"request": "GET /billing/download/***/file.csv"}
