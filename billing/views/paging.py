"""Lists whose filters are in the URL: they ride along from page to page."""

from collections.abc import Iterable
from typing import Any

from django.utils.http import urlencode

from tenancy.access import PartnerView
from tenancy.paging import Slice


class FilteredPage(PartnerView):
    """Base of pages with a list."""

    def paged(self, page: Slice, names: Iterable[str]) -> dict[str, Any]:
        """For the template: the page, and where the next and the previous one are under the filters called `names`."""
        kept = {name: self.request.GET[name] for name in names if self.request.GET.get(name)}
        return {
            "page": page,
            "next_url": self._at(kept | {"after": page.next}) if page.next else "",
            "previous_url": self._at(kept | {"before": page.previous}) if page.previous else "",
        }

    def _at(self, query: dict[str, str]) -> str:
        return f"{self.request.path}?{urlencode(query)}"

    def partial(self, target: str, name: str) -> str:
        """`#name` when htmx swaps only that part."""
        return f"#{name}" if self.request.htmx.target == target else ""  # type: ignore[attr-defined]
