"""Half-open ranges of time in SQL."""

from django.contrib.postgres.fields import DateTimeRangeField
from django.db.models import Func


class TsTzRange(Func):
    """`tstzrange(start, end)`: half-open, as PostgreSQL's default."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()
