"""Errors that a service raises. Each is named for the fact, has a stable code, and a sentence a person can act on."""


class DomainError(Exception):
    """A rule said no. `field` names the input it is about, so that a form can show it there."""

    code = "rule"
    message = "This is not possible."

    def __init__(self, message: str = "", *, field: str | None = None) -> None:
        super().__init__(message or self.message)
        self.field = field


class Forbidden(DomainError):
    """The actor may see this, but not do it (HTTP 403)."""

    code = "forbidden"
    message = "Your role does not allow this."
