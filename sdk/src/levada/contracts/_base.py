"""What every contract has in common: the fields of its origin, and the spellings of money, currency and moments."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

MONEY = r"^-?[0-9]{1,18}(\.[0-9]{1,9})?$"
_MONEY_MESSAGE = (
    'money is a decimal string such as "125.00": a number would have passed through binary floating point, '
    "which cannot spell every cent"
)
_CURRENCY_MESSAGE = "a currency is its ISO 4217 code, three capital letters such as EUR"


class _Spelled:
    """A strict string of one pattern, with a message that says why; checked in pydantic's core, without a callback."""

    def __init__(self, kind: str, pattern: str, message: str) -> None:
        self._kind = kind
        self._pattern = pattern
        self._message = message

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        spelled = core_schema.str_schema(strict=True, pattern=self._pattern)
        return core_schema.custom_error_schema(
            spelled, custom_error_type=self._kind, custom_error_message=self._message
        )


Money = Annotated[str, _Spelled("money", MONEY, _MONEY_MESSAGE)]
"""A decimal string with up to eighteen digits before the point and nine after."""
Currency = Annotated[str, _Spelled("currency", r"^[A-Z]{3}$", _CURRENCY_MESSAGE)]
"""An ISO 4217 alpha-3 code."""
Moment = AwareDatetime
Day = date
Name = Annotated[str, Field(min_length=1)]
ApprovalStatus = Literal["draft", "pending_approval", "approved", "rejected", "void"]


class Part(BaseModel):
    """A part of a document, such as an address or a line item."""

    model_config = ConfigDict(extra="forbid")


class Address(Part):
    """A postal address."""

    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


class LineItem(Part):
    """One line of an invoice, an order or a bill."""

    line_number: Annotated[int, Field(ge=1)] | None = None
    description: str | None = None
    quantity: Money | None = None
    unit_price: Money | None = None
    amount: Money | None = None
    line_type: str | None = None
    item_id: str | None = None
    account_code: str | None = None
    tax_amount: Money | None = None


class Contract(BaseModel):
    """The schema of a document type. Fields that it does not know are refused; `metadata` takes the rest."""

    model_config = ConfigDict(extra="forbid")

    document_type: ClassVar[str]
    plural: ClassVar[str]
    version: ClassVar[int] = 1
    identity_field: ClassVar[str] = "source_id"
    source_time_field: ClassVar[str | None] = None
    hash_exclude: ClassVar[frozenset[str]] = frozenset()

    source_id: str | None = None
    source_system: str | None = None
    connection_id: str | None = None
    subsidiary_id: str | None = None
    metadata: dict[str, Any] = {}

    def complete(self) -> None:
        """Fill in what follows from other fields; called once a payload is known to be valid."""
        if self.source_id is None:
            self.source_id = getattr(self, self.identity_field)


def fields_of(model: type[BaseModel], spelled: Any) -> frozenset[str]:
    """Return the names of a model's fields of one kind, such as Money."""
    return frozenset(
        name for name, field in model.model_fields.items() if _mentions(field.annotation, field.metadata, spelled)
    )


def _mentions(annotation: Any, metadata: Iterable[Any], spelled: Any) -> bool:
    marker = spelled.__metadata__[0]
    if any(one is marker for one in metadata):
        return True
    inner = getattr(annotation, "__args__", ())
    return any(part is spelled or marker in getattr(part, "__metadata__", ()) for part in inner)


CAMEL = re.compile(r"(?<!^)(?=[A-Z])")
