"""The pydantic model that connector code may use."""

import pytest
from pydantic import BaseModel, ValidationError

from levada import CustomerPayload, Record
from levada._record import REMOVED


class Row(Record):
    id: int
    name: str = "nobody"


class Secretive:
    id = 7
    name = "attribute"


def test_a_record_is_a_validated_value():
    """It does what an author expects of a model."""
    row = Row.model_validate({"id": "7"})
    assert (row.id, row.name) == (7, "nobody")
    assert Row.model_validate_json('{"id": 7}') == row
    assert row.model_dump() == {"id": 7, "name": "nobody"}
    with pytest.raises(ValidationError):
        Row(id=7, nmae="x")
    with pytest.raises(ValidationError):
        Row.model_validate({"id": "7"}, strict=True)


@pytest.mark.parametrize("name", sorted(REMOVED))
@pytest.mark.parametrize("model", [Row, Row(id=1), CustomerPayload], ids=["class", "instance", "contract"])
def test_what_reaches_past_the_values_is_gone(name, model):
    """Reading files, unpickling and evaluating are not there under any of their names."""
    assert hasattr(BaseModel, name)
    with pytest.raises(AttributeError, match=name):
        getattr(model, name)


def test_no_attributes_are_read_from_foreign_objects():
    """`from_attributes` would read whatever an alias names, guards or not."""
    with pytest.raises(TypeError):
        Row.model_validate(Secretive(), from_attributes=True)
    with pytest.raises(ValidationError):
        Row.model_validate(Secretive())


@pytest.mark.parametrize(
    "setting", [{"from_attributes": True}, {"arbitrary_types_allowed": True}, {"alias_generator": str}]
)
def test_configuration_that_opens_a_record_is_refused(setting):
    """A subclass may be stricter, and never more open."""
    with pytest.raises(TypeError, match=next(iter(setting))):
        type("Open", (Record,), {}, **setting)


def test_a_record_may_be_configured_stricter():
    """Frozen and ignoring records are natural."""

    class Loose(Record, extra="ignore", frozen=True):
        id: int

    assert Loose.model_validate({"id": 1, "more": 2}).model_dump() == {"id": 1}
    with pytest.raises(ValidationError):
        Loose(id=1).id = 2


def test_errors_do_not_repeat_the_input():
    """A message is logged; an input may be anything."""
    with pytest.raises(ValidationError) as caught:
        Row.model_validate({"id": "hunter2"})
    assert "hunter2" not in str(caught.value)
