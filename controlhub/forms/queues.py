"""The form of a call queue."""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms

from controlhub.forms.fields import offer, offer_rows
from controlhub.models import CallQueue, Subscriber, Workspace
from controlhub.queries.queues import MOST_AGENTS

_KEY = re.compile(r"(?:user|room)-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z")


class QueueForm(forms.Form):
    """Name, location, extension, routing, who takes the calls and who supervises.

    `chosen_agents` and `chosen_supervisors`: values of their fields, agents in the order in which the queue asks them.
    """

    name = forms.CharField(max_length=80)
    location: forms.ModelChoiceField = forms.ModelChoiceField(
        None, to_field_name="public_id", empty_label="Choose a location"
    )
    extension = forms.CharField(max_length=6, help_text="2 to 6 digits, once per location.")
    number = forms.CharField(
        required=False,
        max_length=30,
        label="Phone number",
        help_text="A free number of the location's inventory; its main number too.",
    )
    routing = forms.ChoiceField(help_text="Top down asks the agents in the order of the list.")
    find = forms.CharField(
        required=False,
        max_length=100,
        label="Find users and workspaces",
        help_text=f"By name or email. The lists show whoever is chosen, and the first {MOST_AGENTS} others.",
    )
    agents = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    supervisors = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(
        self,
        *args: Any,
        locations: Any,
        agents: tuple[Sequence[Subscriber], Sequence[Workspace]],
        supervisors: Sequence[Subscriber],
        chosen_agents: Sequence[str],
        chosen_supervisors: Sequence[str],
        assist: bool,
        location_fixed: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        people, rooms = agents
        self.people = {f"user-{row.public_id}": row for row in people}
        self.rooms = {f"room-{row.public_id}": row for row in rooms}
        offer_rows(self, "location", locations)
        offer(self, "routing", [c for c in CallQueue.Routing.choices if not (assist and c[0] == "weighted")])
        named = {key: str(row) for key, row in self.people.items()}
        named |= {key: f"{row} (workspace)" for key, row in self.rooms.items()}
        # Who is an agent comes first, in his place: a form that is saved again changes no order.
        placed = [key for key in chosen_agents if key in named]
        offer(self, "agents", [(key, named[key]) for key in dict.fromkeys([*placed, *named])])
        self.supervising = {f"user-{row.public_id}": row for row in supervisors}
        over = [key for key in chosen_supervisors if key in self.supervising]
        offer(self, "supervisors", [(k, str(self.supervising[k])) for k in dict.fromkeys([*over, *self.supervising])])
        if assist:
            self.fields["agents"].help_text = "Users with Customer Assist."
        self.fields["find"].widget.attrs |= {"type": "search", "autocomplete": "off", "data-presses": "#look"}
        self.fields["extension"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off"}
        self.fields["number"].widget.attrs |= {"inputmode": "tel", "autocomplete": "off", "list": "free-numbers"}
        self.fields["location"].disabled = location_fixed

    def values(self) -> dict[str, Any]:
        """Keyword arguments for `QueueFacts`."""
        values = {name: value for name, value in self.cleaned_data.items() if name != "find"}
        agents = self.people | self.rooms
        return values | {
            "agents": [agents[key] for key in values["agents"]],
            "supervisors": [self.supervising[key] for key in values["supervisors"]],
        }


def ids_in(keys: Sequence[str]) -> list[UUID]:
    """The public ids in values of the fields `agents` and `supervisors`; what is no such value is left out."""
    return [UUID(match[1]) for key in keys if (match := _KEY.match(key))]


def moved_up(keys: Sequence[str], key: str) -> list[str]:
    """The values with `key` one place earlier."""
    at = keys.index(key) if key in keys else 0
    return [*keys[: at - 1], key, keys[at - 1], *keys[at + 1 :]] if at else list(keys)


def agent_key(agent: Subscriber | Workspace) -> str:
    """The value of an agent in the form."""
    return f"{'user' if isinstance(agent, Subscriber) else 'room'}-{agent.public_id}"
