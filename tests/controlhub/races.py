"""Deeds that really happen at the same time, each in a thread and a connection of its own."""

import threading
from collections.abc import Callable, Sequence

from django.db import connections

from tenancy.errors import DomainError


def at_once(deeds: Sequence[Callable[[], object]]) -> list[str]:
    """Start all deeds together; the sorted codes of what happened: "ok" or the error's."""
    gate = threading.Barrier(len(deeds))
    outcomes: list[str] = []

    def run(deed: Callable[[], object]) -> None:
        gate.wait()
        try:
            deed()
            outcomes.append("ok")
        except DomainError as error:
            outcomes.append(error.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)
