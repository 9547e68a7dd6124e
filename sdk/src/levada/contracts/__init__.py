"""The canonical document types: what every connector's records are validated against."""

from collections.abc import Mapping
from types import MappingProxyType

from levada.contracts._base import Address, Allocation, ApprovalStatus, Contract, LineItem, Part, PaymentMethodDetails
from levada.contracts._fields import Currency, Day, Flag, Moment, Money, Name
from levada.contracts._messages import record_errors
from levada.contracts._projection import End, Link, Projection
from levada.contracts.banking import (
    BankAccountPayload,
    BankTransactionPayload,
    BankTransferPayload,
    DepositLine,
    DepositPayload,
)
from levada.contracts.ledger import AccountPayload, JournalEntryPayload, JournalLine
from levada.contracts.parties import CustomerPayload, VendorPayload
from levada.contracts.purchasing import (
    BillPaymentPayload,
    ExpensePayload,
    PurchaseOrderPayload,
    VendorBillPayload,
    VendorCreditPayload,
)
from levada.contracts.sales import (
    CreditMemoPayload,
    InvoicePayload,
    ItemPayload,
    PaymentPayload,
    QuotePayload,
    RefundReceiptPayload,
    SalesOrderPayload,
    SalesReceiptPayload,
)

CONTRACTS: Mapping[str, type[Contract]] = MappingProxyType(
    {
        contract.document_type: contract
        for contract in (
            AccountPayload,
            BankAccountPayload,
            BankTransactionPayload,
            BankTransferPayload,
            BillPaymentPayload,
            CreditMemoPayload,
            CustomerPayload,
            DepositPayload,
            ExpensePayload,
            InvoicePayload,
            ItemPayload,
            JournalEntryPayload,
            PaymentPayload,
            PurchaseOrderPayload,
            QuotePayload,
            RefundReceiptPayload,
            SalesOrderPayload,
            SalesReceiptPayload,
            VendorBillPayload,
            VendorCreditPayload,
            VendorPayload,
        )
    }
)

__all__ = [
    "CONTRACTS",
    "AccountPayload",
    "Address",
    "Allocation",
    "ApprovalStatus",
    "BankAccountPayload",
    "BankTransactionPayload",
    "BankTransferPayload",
    "BillPaymentPayload",
    "Contract",
    "CreditMemoPayload",
    "Currency",
    "CustomerPayload",
    "Day",
    "DepositLine",
    "DepositPayload",
    "End",
    "ExpensePayload",
    "Flag",
    "InvoicePayload",
    "ItemPayload",
    "JournalEntryPayload",
    "JournalLine",
    "LineItem",
    "Link",
    "Moment",
    "Money",
    "Name",
    "Part",
    "PaymentMethodDetails",
    "PaymentPayload",
    "Projection",
    "PurchaseOrderPayload",
    "QuotePayload",
    "RefundReceiptPayload",
    "SalesOrderPayload",
    "SalesReceiptPayload",
    "VendorBillPayload",
    "VendorCreditPayload",
    "VendorPayload",
    "record_errors",
]
