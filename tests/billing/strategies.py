"""Random histories for hypothesis: assign, change in the same second, remove, re-add, move, at odd and at round instants."""

from itertools import pairwise

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.billing.history import DAY, Interval

DAYS = 14  # from before 29 February 2024 until after New York's short night of 10 March
PACKAGES = ("webex_calling", "webex_suite", "webex_meetings")
SUBJECTS = 5  # four people and a workspace

# A third of the profile's examples: each one closes two partners' fortnight. The world stays, the histories are undone.
exact = settings(
    max_examples=settings().max_examples // 3,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# Midnights and their neighbours are where such code breaks; so are the hours that a clock change takes away or doubles.
_ROUND = st.integers(0, DAYS).map(lambda day: day * DAY)
_EDGES = st.builds(lambda at, by: max(0, at + by), _ROUND, st.sampled_from([-1, 0, 1, 3_600, 7_200, 10_799]))
_INSTANTS = st.one_of(_EDGES, st.integers(0, DAYS * DAY))


@st.composite
def subject_history(draw: st.DrawFn, subject: int) -> list[Interval]:
    """Intervals of one subject: one after the other, often touching, sometimes empty, the last one maybe open."""
    instants = sorted(draw(st.lists(_INSTANTS, min_size=0, max_size=8)))
    intervals = []
    for start, end in pairwise([*instants, None]):
        if draw(st.booleans()):
            customer, location = draw(st.sampled_from([(0, 0), (0, 1), (0, 6), (1, 2), (2, 4)]))
            intervals.append(Interval(subject, draw(st.sampled_from(PACKAGES)), customer, location, start, end))
    return intervals


histories = st.tuples(*(subject_history(subject) for subject in range(SUBJECTS))).map(
    lambda parts: [interval for part in parts for interval in part]
)
ranges = st.tuples(st.integers(0, DAYS + 1), st.integers(0, DAYS + 1)).map(lambda pair: (min(pair), max(pair)))
