"""A counter of the cases that sweeps looked at, by the sweep's name."""

from collections import Counter

CASES: Counter[str] = Counter()
