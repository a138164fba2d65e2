"""Telling Webex what holds now, so that two changes in a row end alike, whichever job comes last."""

from collections.abc import Callable
from typing import Any

from provisioning.registry import Result, StepContext

Facts = dict[str, Any]
NOTHING_TO_TELL: Result = {"skipped": "There is nothing to tell any more."}


def tell(context: StepContext, facts: Callable[[], Facts | None], call: Callable[..., Result]) -> Result:
    """Call the gateway with what `facts` reads (None: nothing to tell any more), and look again afterwards.

    Each change has its own job, and two workers may run them at the same moment: then the older facts can arrive last.
    Whoever told them sees the difference and tells again. The key names the claim and the turn, because facts are read
    anew each time, and Webex must not answer to new ones with what it said to the old.
    """
    turn = 0
    while (told := facts()) is not None:
        result = call(key=f"{context.key}:{context.job.token}.{turn}", **told)
        if facts() == told:
            return result
        turn += 1
    return NOTHING_TO_TELL
