"""The canonical document types: what every connector's records are validated against."""

from collections.abc import Mapping
from types import MappingProxyType

from levada.contracts._base import Address, Contract, LineItem
from levada.contracts._messages import record_errors
from levada.contracts.banking import BankAccountPayload, BankTransactionPayload
from levada.contracts.parties import CustomerPayload
from levada.contracts.sales import InvoicePayload, PaymentPayload, RefundReceiptPayload

CONTRACTS: Mapping[str, type[Contract]] = MappingProxyType(
    {
        contract.document_type: contract
        for contract in (
            BankAccountPayload,
            BankTransactionPayload,
            CustomerPayload,
            InvoicePayload,
            PaymentPayload,
            RefundReceiptPayload,
        )
    }
)

__all__ = [
    "CONTRACTS",
    "Address",
    "BankAccountPayload",
    "BankTransactionPayload",
    "Contract",
    "CustomerPayload",
    "InvoicePayload",
    "LineItem",
    "PaymentPayload",
    "RefundReceiptPayload",
    "record_errors",
]
