"""What can go wrong, and what follows from it."""

import inspect

import pytest

from levada import errors
from levada._ingest import FailedRecord
from levada.errors import BadRecord, BatchRejected, ConnectorMistake, LevadaError, RateLimited, error_for

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, LevadaError)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_docstring_is_the_default_message(kind):
    """Nobody has to write the message that everybody writes."""
    assert str(kind()) == inspect.getdoc(kind).splitlines()[0]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_rebuilt_from_its_code(kind):
    """What the host refused is raised in the child as the same class."""
    rebuilt = error_for(kind.code, "the message", 3.0, {"path": "a.b"})
    assert type(rebuilt) is kind
    assert str(rebuilt) == "the message"
    assert rebuilt.retryable == kind.retryable


def test_codes_are_unique():
    """A code names one class."""
    assert len({kind.code for kind in KINDS}) == len(KINDS)


def test_only_the_source_is_worth_trying_again():
    """Retryable is what follows from the class, not from the day."""
    assert {kind.__name__ for kind in KINDS if kind.retryable} == {"SourceUnavailable", "RateLimited"}


def test_an_unknown_code_is_kept():
    """A newer host may answer with a code that this SDK does not know."""
    error = error_for("of_tomorrow", "what")
    assert type(error) is LevadaError
    assert error.details == {"code": "of_tomorrow"}


def test_waiting_is_carried():
    """The wait that a source asked for reaches whoever retries."""
    assert RateLimited(wait=12.5).wait == 12.5
    assert error_for("rate_limited", "m", 4).wait == 4
    assert ConnectorMistake().wait is None


def test_a_rejected_batch_names_every_invalid_record():
    """The message is enough to find them; the records are there too."""
    failed = [
        FailedRecord(
            "validation_failed",
            f"wrong {at}",
            retryable=False,
            document_type="customer",
            source_id=None,
            idempotency_key=None,
            index=at,
        )
        for at in (1, 4)
    ]
    error = BatchRejected(failed)
    assert isinstance(error, BadRecord)
    assert error.failed_records == tuple(failed)
    assert "record 1: wrong 1; record 4: wrong 4" in str(error)
