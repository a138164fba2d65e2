"""From a constraint's name to an error that says what is wrong: the database is the last line, never a 500."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from tenancy.errors import DomainError


@contextmanager
def named_errors(errors: Mapping[str, Callable[[], DomainError]], *, savepoint: bool = True) -> Iterator[None]:
    """Turn a broken constraint into the error named for it; the surrounding transaction stays usable.

    A constraint that is not listed is a bug and raises as it is. `savepoint=False` spares two statements where the error
    leaves the surrounding `atomic` block in any case: that block can only be rolled back then.
    """
    try:
        with transaction.atomic(savepoint=savepoint):
            yield
    except IntegrityError as error:
        make = errors.get(_constraint_of(error))
        if make is None:
            raise
        raise make() from error


def _constraint_of(error: IntegrityError) -> str:
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""
