"""The doorbell: tell a worker that a job is due. It may fail or get lost without harm; the sweeper rings again.

Publishing with Celery's defaults blocks for more than 20 s while Redis is frozen (reliability-security.md 0.7), so
connections of its own with short limits are used, and after a failure nobody tries again for a while. They are kept in
kombu's pool: opening one costs six times as much as ringing.
"""

import logging
import time
from collections.abc import Sequence

from celery import current_app
from kombu import pools
from kombu.exceptions import LimitExceeded, OperationalError

RUN_JOB = "provisioning.run_job"
TIMEOUT_SECONDS = 0.25
QUIET_SECONDS = 5.0
EXPIRES_SECONDS = 60
_LIMITS = {
    "socket_timeout": TIMEOUT_SECONDS,
    "socket_connect_timeout": TIMEOUT_SECONDS,
    "retry_on_timeout": False,
    "max_retries": 0,
}
logger = logging.getLogger(__name__)


class Bell:
    """Rings for rows of one kind, by default for jobs: `task` is called with the row's id as `argument`.

    Remembers when ringing last failed, so that one frozen Redis slows one request, not all.
    """

    def __init__(self, task: str = RUN_JOB, argument: str = "job_id") -> None:
        self._task, self._argument = task, argument
        self._quiet_until = 0.0

    def ring(self, ids: Sequence[int | str]) -> bool:
        """Tell a worker about each row. False when the broker did not take it in time."""
        if not ids or time.monotonic() < self._quiet_until:
            return False
        try:
            self._publish(ids)
        except (OperationalError, LimitExceeded, OSError) as error:
            self._quiet_until = time.monotonic() + QUIET_SECONDS
            logger.warning("The bell did not ring; the sweeper rings again.", extra={"error": repr(error)})
            return False
        return True

    def _publish(self, ids: Sequence[int | str]) -> None:
        options = {**current_app.conf.broker_transport_options, **_LIMITS}
        producers = pools.producers[current_app.connection_for_write(transport_options=options)]
        with producers.acquire(block=True, timeout=TIMEOUT_SECONDS) as producer:
            for row_id in ids:
                current_app.send_task(
                    self._task,
                    kwargs={self._argument: row_id},
                    producer=producer,
                    retry=False,
                    expires=EXPIRES_SECONDS,
                    ignore_result=True,
                )


bell = Bell()
