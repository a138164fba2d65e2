"""How many cases the sweeps looked at, said at the end of the run."""

import pytest

from tests.sweeps.counting import CASES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A sweep that silently became empty would show here."""
    for name, count in sorted(CASES.items()):
        terminalreporter.write_line(f"{name}: {count} cases")
