"""A counter of the cases that sweeps looked at, by the sweep's name, said at the end of the run.

A pytest plugin (`-p tests.sweeps.counting`): workers of a parallel run hand their counts to the process that prints.
"""

from collections import Counter
from typing import Any

import pytest

CASES: Counter[str] = Counter()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker's last words."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["cases"] = dict(CASES)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker has ended; one that crashed said nothing."""
    CASES.update(getattr(node, "workeroutput", {}).get("cases", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A sweep that silently became empty would show here."""
    for name, count in sorted(CASES.items()):
        terminalreporter.write_line(f"{name}: {count} cases")
