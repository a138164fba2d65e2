"""The doorbell of reports: tell a worker that one is waiting. It may fail or get lost; the sweeper rings again.

Nothing is published while Redis is frozen for longer than the short limits below: the request must not wait for it.
"""

import logging
import uuid

from celery import current_app
from kombu.exceptions import OperationalError

MAKE_REPORT = "billing.make_report"
EXPIRES_SECONDS = 60
LIMITS = {"socket_timeout": 0.25, "socket_connect_timeout": 0.25, "retry_on_timeout": False, "max_retries": 0}
log = logging.getLogger(__name__)


def ring(report_id: uuid.UUID) -> bool:
    """True when the broker took the message in time."""
    options = {**current_app.conf.broker_transport_options, **LIMITS}
    try:
        with current_app.connection_for_write(transport_options=options) as link:
            current_app.send_task(
                MAKE_REPORT,
                kwargs={"report_id": str(report_id)},
                connection=link,
                retry=False,
                expires=EXPIRES_SECONDS,
                ignore_result=True,
            )
    except (OperationalError, OSError) as error:
        log.warning("the bell did not ring", extra={"report": str(report_id), "error": str(error)})
        return False
    return True
