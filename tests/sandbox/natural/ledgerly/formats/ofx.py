"""OFX: SGML of banks, read with regular expressions."""

import re
from datetime import datetime
from itertools import pairwise

SAMPLE = """OFXHEADER:100
<OFX><STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260301120000[-5:EST]<TRNAMT>100.00<NAME>Salary March</STMTTRN>
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260302<TRNAMT>-20.50<NAME>Rent</STMTTRN></OFX>"""
_BLOCK = re.compile(r"<STMTTRN>(?P<body>.*?)</STMTTRN>", re.DOTALL | re.IGNORECASE)
_FIELD = re.compile(r"<(\w+)>([^<\r\n]*)")


def read(text):
    """Read the movements of a statement."""
    found = []
    for block in _BLOCK.finditer(text):
        fields = dict(_FIELD.findall(block["body"]))
        match fields:
            case {"DTPOSTED": posted, "TRNAMT": amount, **rest}:
                day = datetime.strptime(posted[:8], "%Y%m%d").date()
                found.append({"amount": amount, "on": day.isoformat(), "text": rest.get("NAME", "")})
            case _:
                raise ValueError(f"no movement: {fields}")
    assert all(a["on"] <= b["on"] for a, b in pairwise(found))
    return found
