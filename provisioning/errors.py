"""How a step can end other than well. Anything else that is raised fails the step loudly."""


class StepError(Exception):
    """A step did not end well. `code` is stable; the message tells a person what to do next."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class RetryableError(StepError):
    """Trouble that passes by itself. `after`: do not come back sooner than that many seconds (Retry-After)."""

    def __init__(self, message: str, *, after: float = 0, code: str = "unavailable") -> None:
        super().__init__(message, code=code)
        self.after = after


class PermanentError(StepError):
    """Trying again changes nothing until somebody has mended something."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, code=code)


class WaitUntil(StepError):
    """Nothing is wrong, but it is not time yet. Come back in `seconds`; this costs no try."""

    def __init__(self, *, seconds: float, reason: str) -> None:
        super().__init__(reason, code="waiting")
        self.seconds = seconds


class Fenced(Exception):
    """Somebody else has claimed the job since: stop without a trace."""
