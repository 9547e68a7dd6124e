"""The spellings of money, currencies, dates and moments, checked in pydantic's core without calling Python.

Money stays the string that came in: the spelling is kept, and nothing is rounded.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, ValidationError, core_schema

from levada._encoding import flaw_of
from levada.contracts._currencies import CODES

MONEY_PATTERN = r"^-?[0-9]{1,18}(\.[0-9]{1,9})?$"
_DAY_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_MOMENT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:"
_MONEY_MESSAGE = (
    'money is a decimal string such as "125.00", with at most 18 digits before the point and 9 after: a number would '
    "have passed through binary floating point, which cannot spell every cent"
)
_CURRENCY_MESSAGE = 'a currency is its ISO 4217 code, three capital letters such as "EUR", and one that exists'
_DAY_MESSAGE = 'a date is spelt "YYYY-MM-DD"'
_MOMENT_MESSAGE = (
    'a moment is spelt in ISO 8601 with its zone, such as "2026-01-31T09:30:00Z", and is one of the years 1 to 9999'
)
_FIRST_MOMENT = datetime(1, 1, 1, tzinfo=UTC)
_LAST_MOMENT = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


class Spelled:
    """A marker that gives a field its core schema, and one message whatever is wrong with the spelling."""

    def __init__(self, kind: str, message: str, schema: CoreSchema, described: dict[str, Any]) -> None:
        self.kind = kind
        self._message = message
        self._schema = schema
        self._described = described

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return self._told(self._schema)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(self._described)

    def _told(self, schema: CoreSchema) -> CoreSchema:
        return core_schema.custom_error_schema(schema, custom_error_type=self.kind, custom_error_message=self._message)


class SpelledTime(Spelled):
    """A date or a moment: in JSON the one spelling, in Python that or the object itself, never a number."""

    def __init__(
        self, kind: str, message: str, schema: CoreSchema, described: dict[str, Any], *, strict: CoreSchema
    ) -> None:
        super().__init__(kind, message, schema, described)
        self._strict = strict

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        python = core_schema.no_info_before_validator_function(self._not_a_number(), self._told(self._schema))
        return core_schema.json_or_python_schema(json_schema=self._told(self._strict), python_schema=python)

    def _not_a_number(self) -> Callable[[Any], Any]:
        kind, message = self.kind, self._message

        def check(value: Any) -> Any:
            if isinstance(value, date) or (isinstance(value, str) and value[4:5] == "-"):
                return value
            raise PydanticCustomError(kind, "{message}", {"message": message})

        return check


def refused(code: str, places: dict[tuple[int | str, ...], str]) -> ValidationError:
    """Return the error of a value that is wrong at these places within it, each for the reason given."""
    found = [
        InitErrorDetails(type=PydanticCustomError(code, "{message}", {"message": message}), loc=place, input=None)
        for place, message in places.items()
    ]
    return ValidationError.from_exception_data(code, found)


def _carried(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse what a parser lets through and no store could keep: NaN, infinities, integers beyond 64 bits."""
    flaw = flaw_of(value)
    if flaw is None:
        return value
    place, message = flaw
    raise refused("not_json", {place: message})


def _spelled(pattern: str, schema: CoreSchema) -> CoreSchema:
    """Look at the letters first: pydantic's own parsers take `"1767225600"` for a time."""
    return core_schema.chain_schema([core_schema.str_schema(strict=True, pattern=pattern), schema])


MONEY = Spelled(
    "money",
    _MONEY_MESSAGE,
    core_schema.str_schema(strict=True, pattern=MONEY_PATTERN),
    {"type": "string", "pattern": MONEY_PATTERN},
)
CURRENCY = Spelled(
    "currency",
    _CURRENCY_MESSAGE,
    core_schema.literal_schema(list(CODES)),
    {"type": "string", "enum": list(CODES)},
)
DAY = SpelledTime(
    "date",
    _DAY_MESSAGE,
    core_schema.date_schema(),
    {"type": "string", "format": "date"},
    strict=_spelled(_DAY_PATTERN, core_schema.date_schema()),
)
_AWARE = core_schema.datetime_schema(tz_constraint="aware", ge=_FIRST_MOMENT, le=_LAST_MOMENT)
MOMENT = SpelledTime(
    "moment",
    _MOMENT_MESSAGE,
    _AWARE,
    {"type": "string", "format": "date-time"},
    strict=_spelled(_MOMENT_PATTERN, _AWARE),
)

Money = Annotated[str, MONEY]
"""A decimal string with up to eighteen digits before the point and nine after."""
Currency = Annotated[str, CURRENCY]
"""An ISO 4217 alpha-3 code."""
Day = Annotated[date, DAY]
"""A calendar day."""
Moment = Annotated[datetime, MOMENT]
"""An aware moment."""
Name = Annotated[str, Field(min_length=1)]
"""Text that is not empty."""
Flag = Annotated[bool, Strict()]
"""True or false, and none of the words for them."""
MOST_ITEMS = 50_000
"""The most items that a list in a document may have, so that what is wrong with them can be told."""
Texts = Annotated[list[str], Field(max_length=MOST_ITEMS)]
"""A list of texts."""
FreeJson = Annotated[dict[str, Any], AfterValidator(_carried)]
"""An object of any JSON that can be carried exactly."""
