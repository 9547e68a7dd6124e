"""CAMT.053: XML of banks."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator

from ..models import Movement

_NS = {"c": "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"}
SAMPLE = """<?xml version="1.0"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><Stmt>
<Ntry><Amt Ccy="EUR">12.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><BookgDt><Dt>2026-03-01</Dt></BookgDt><AddtlNtryInf>Invoice 7</AddtlNtryInf></Ntry>
<Ntry><Amt Ccy="EUR">3.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><BookgDt><Dt>2026-03-02</Dt></BookgDt></Ntry>
</Stmt></BkToCstmrStmt></Document>"""


def read(text: str) -> list[Movement]:
    """Read the movements of a statement."""
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise ValueError(f"not XML: {error}") from error
    return list(_movements(root))


def _movements(root: ET.Element) -> Iterator[Movement]:
    for entry in root.iterfind(".//c:Ntry", _NS):
        sign = -1 if entry.findtext("c:CdtDbtInd", namespaces=_NS) == "DBIT" else 1
        amount = entry.find("c:Amt", _NS)
        assert amount is not None and amount.attrib["Ccy"] == "EUR"
        movement: Movement = {
            "amount": f"{sign * float(amount.text or 0):.2f}",
            "on": entry.findtext("c:BookgDt/c:Dt", default="", namespaces=_NS),
        }
        if (told := entry.findtext("c:AddtlNtryInf", namespaces=_NS)) is not None:
            movement["text"] = told
        yield movement
