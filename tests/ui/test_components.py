"""Components: what they promise to the pages that use them."""

import re
from typing import Any

from django import forms
from django.test import RequestFactory
from django_cotton import render_component


def render(component: str, /, **attributes: Any) -> str:
    return " ".join(render_component(RequestFactory().get("/"), component, attributes).split())


class Sample(forms.Form):
    name = forms.CharField(label="Name", help_text="No % sign.")
    nickname = forms.CharField(label="Nickname", required=False)
    agreed = forms.BooleanField(label="Agreed")
    method = forms.ChoiceField(label="Method", choices=[("a", "One"), ("b", "Two")], widget=forms.RadioSelect)
    country = forms.ChoiceField(label="Country", choices=[("DE", "Germany")])


def test_field_joins_label_hint_and_error_to_the_input() -> None:
    html = render("field", field=Sample({"name": ""})["name"])
    assert '<label class="field__label" for="id_name">Name</label>' in html
    assert 'aria-invalid="true" aria-describedby="id_name_helptext id_name_error"' in html
    assert '<p class="field__hint" id="id_name_helptext">No % sign.</p>' in html
    assert '<div class="field__errors" id="id_name_error">' in html
    assert "<span>This field is required.</span>" in html


def test_field_without_error_shows_none() -> None:
    html = render("field", field=Sample()["name"])
    assert "field__error" not in html
    assert "aria-invalid" not in html


def test_field_says_when_it_is_optional() -> None:
    assert "(optional)" in render("field", field=Sample()["nickname"])
    assert "(optional)" not in render("field", field=Sample()["nickname"], optional="")
    assert "(optional)" not in render("field", field=Sample()["name"])


def test_field_keeps_and_escapes_what_was_typed() -> None:
    html = render("field", field=Sample({"name": '"><script>alert(1)</script>'})["name"])
    assert 'value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in html
    assert "<script>" not in html


def test_radio_buttons_are_a_named_group() -> None:
    html = render("field", field=Sample({})["method"], cards="true")
    assert '<fieldset class="field" id="id_method" aria-describedby="id_method_error">' in html
    assert '<legend class="field__label">Method</legend>' in html
    assert html.count('type="radio"') == 2
    assert "choices--cards" in html


def test_checkbox_is_inside_its_label_and_can_be_a_switch() -> None:
    assert '<label class="choice"><input type="checkbox"' in render("field", field=Sample()["agreed"])
    assert '<label class="toggle"><input type="checkbox"' in render("field", field=Sample()["agreed"], toggle="true")


def test_error_summary_links_to_each_field() -> None:
    html = render("form_errors", form=Sample({"name": "x", "agreed": "on", "method": "a", "country": "FR"}))
    assert html.count("<li>") == 1
    assert '<li><a href="#id_country">Country</a>: Select a valid choice.' in html
    assert render("form_errors", form=Sample()) == ""


def test_icon_is_decoration_unless_labelled() -> None:
    assert 'aria-hidden="true"' in render("icon", name="home")
    assert 'role="img" aria-label="Home"' in render("icon", name="home", label="Home")


def test_button_is_a_link_when_it_leads_somewhere() -> None:
    assert render("button", href="/x").startswith('<a class="button" href="/x"')
    assert render("button").startswith('<button class="button" type="button"')


def test_button_with_a_label_only_names_itself() -> None:
    html = render("button", label="Edit", icon="edit")
    assert 'aria-label="Edit" title="Edit"' in html
    assert "button--icon" in html


def test_pager_shows_only_the_ways_that_exist() -> None:
    assert render("pager") == ""
    html = render("pager", next="?after=b", target="#rows")
    assert 'rel="next" href="?after=b" hx-get="?after=b" hx-target="#rows"' in html
    assert "Previous" not in html


def test_meter_without_a_limit_says_so() -> None:
    assert "<meter" not in render("meter", label="Suite", value=4)
    assert "4 used, no limit" in render("meter", label="Suite", value=4)
    assert '<meter min="0" max="10" value="4" aria-label="Suite">4 of 10</meter>' in render(
        "meter", label="Suite", value=4, limit=10
    )


def test_timeline_says_each_state_in_words() -> None:
    states = ["done", "error", "running", "retrying", "held", "skipped", "waiting"]
    html = render("timeline", steps=[{"title": state, "state": state} for state in states])
    words = ["Done", "Failed", "In progress", "Trying again", "On hold", "Skipped", "Waiting"]
    assert [word for word in words if f'timeline__state">{word}</span>' in html] == words


STEPS = [
    {"key": "first", "title": "First", "state": "done", "go": True},
    {"key": "second", "title": "Second", "state": "current", "go": False},
    {"key": "third", "title": "Third", "state": "todo", "go": False},
]


def test_wizard_frame_marks_the_current_step_and_lets_jump_only_where_one_may() -> None:
    html = render("wizard_frame", steps=STEPS)
    assert html.count('aria-current="step"') == 1
    assert re.findall(r'name="go" value="([a-z]+)"', html) == ["first"]
    assert "Step 2 of 3: Second" in html


def test_wizard_frame_presses_next_on_enter_and_submits_back() -> None:
    html = render("wizard_frame", steps=STEPS, back=True, cancel_url="/away")
    first_submit = re.search(r"<button[^>]*>", html)
    assert first_submit is not None
    assert "name=" not in first_submit[0]
    assert 'name="back" value="1" formnovalidate>Back</button>' in html
    assert '<a class="button button--ghost" href="/away">Cancel</a>' in html
