"""The spelling of money, currencies, dates and identities: types that pydantic checks without calling Python.

Money stays the string that came in, so that the spelling is kept and nothing is rounded. The plain Python types below
are what authors see; the core schemas are what the records are held to.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic_core import PydanticCustomError, core_schema

from levada.contracts._currencies import CURRENCIES

MONEY_PATTERN = r"^-?[0-9]{1,18}(\.[0-9]{1,9})?$"
MONEY_MESSAGE = (
    'write the amount as a decimal string such as "125.00" (at most 18 digits before the point and 9 after); '
    "a JSON number is refused because binary floating point cannot hold cents exactly"
)
CURRENCY_MESSAGE = 'write the currency as an ISO 4217 code in capitals, such as "EUR"'
DATE_MESSAGE = 'write the date as "YYYY-MM-DD"'
MOMENT_MESSAGE = 'write the moment in ISO 8601 with its zone, such as "2026-01-31T09:30:00Z"'
_MOMENT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]"


class MoneyText:
    """A decimal string, kept as it is spelt."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        text = core_schema.str_schema(strict=True, pattern=MONEY_PATTERN)
        return core_schema.custom_error_schema(text, custom_error_type="money", custom_error_message=MONEY_MESSAGE)


class CurrencyCode:
    """One of the ISO 4217 alpha-3 codes."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        code = core_schema.literal_schema(list(CURRENCIES))
        return core_schema.custom_error_schema(
            code, custom_error_type="currency", custom_error_message=CURRENCY_MESSAGE
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217 alpha-3 code"}


class Spelt:
    """A date or a datetime that JSON spells in one way; Python code may hand over the string or the object."""

    def __init__(self, schema: core_schema.CoreSchema, kind: type[date], code: str, message: str) -> None:
        self._schema = schema
        self._kind = kind
        self._code = code
        self._message = message

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        def spelt_out(value: object) -> object:
            if isinstance(value, str | self._kind):
                return value
            raise PydanticCustomError(self._code, "{way_out}", {"way_out": self._message})

        told = core_schema.custom_error_schema(
            self._schema, custom_error_type=self._code, custom_error_message=self._message
        )
        python = core_schema.no_info_before_validator_function(spelt_out, told)
        return core_schema.json_or_python_schema(json_schema=told, python_schema=python)
