"""Code under the language policy beside the same code without it, in turns, in the very same children.

A connector's own module is compiled under the policy; the same text sent along as a library is loaded as it is. Both
map the same rows; what they make of them has to be equal.
"""

import inspect
import statistics
from dataclasses import dataclass
from string import Template
from types import ModuleType

from benchmarks.wall import modern
from benchmarks.wall.calls import Taker, poll, verdict
from levada_acme import mapping as acme
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.model import Call
from levada_stripe import mapping as stripe
from levada_stripe import money

GOAL = 2
ROWS, TURNS, CHILDREN = 2_000, 8, 3


@dataclass(frozen=True)
class Code:
    """A module, those it imports, the function that is timed, and the rows it maps, as an expression over `n`."""

    name: str
    modules: tuple[ModuleType, ...]
    function: str
    row: str


CODES = (
    Code(
        "acme: a customer",
        (acme,),
        "as_customer",
        """{"id": n, "name": f" Ada {n} ", "company": "Analytical", "email": f"a{n}@example.com", "phone": None,
        "currency": "GBP", "balance": "12.50", "address": {"line1": "St. 1", "city": "London"}, "tags": {"a": 1},
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}""",
    ),
    Code(
        "stripe: an invoice with its line",
        (stripe, money),
        "as_invoice",
        """{"id": f"in_{n}", "number": f"A-{n}", "status": "open", "customer": f"cus_{n}", "customer_name": "Ada",
        "currency": "usd", "total": 1250 + n, "amount_remaining": 1250, "effective_at": 1767225600 + n,
        "due_date": 1767225600, "status_transitions": {}, "total_tax_amounts": [{"amount": 250}],
        "lines": {"data": [{"id": f"il_{n}", "description": "Work", "quantity": 2, "amount": 1000,
        "price": {"unit_amount_decimal": "500", "currency": "usd"}}]}, "metadata": {"k": "v"}}""",
    ),
    Code(
        "modern: dataclass, Record, match, regex, Decimal",
        (modern,),
        "as_payment",
        """f"2026-01-{n % 28 + 1:02};CUS-{n}; Ada Lovelace ;EUR;1.250,{n % 90 + 10};{'paid' if n % 3 else 'sent'}" """,
    ),
)
HEAD = Template("""
import time

from bench import $module as own
import plain_$module as plain

ROWS = [$row for n in range($rows)]


def timed(function):
    began = time.perf_counter()
    made = [function(row) for row in ROWS]
    return time.perf_counter() - began, made
""")
BODY = Template("""
own_s, plain_s = [], []
for turn in range($turns):
    first, second = (own, plain) if turn % 2 else (plain, own)
    took, made = timed(first.$function)
    also_took, also_made = timed(second.$function)
    if repr(made) != repr(also_made) or len(made) != $rows:
        raise ValueError("they do not make the same")
    own_s.append(took if turn % 2 else also_took)
    plain_s.append(also_took if turn % 2 else took)
log.info("timed", own=min(own_s), plain=min(plain_s))
""")


def measure(sandbox: Sandbox) -> None:
    """Print for each piece of code the time of a row under the policy, without it, and their ratio."""
    print(f"\nmapping {ROWS} rows under the policy and without it, least of {TURNS} turns in {CHILDREN} children:")
    print(f"  {'':50}{'policy µs':>10}{'plain µs':>10}{'ratio':>8}")
    ratios = []
    for code in CODES:
        own, plain = _timed(sandbox, code)
        ratios.append(own / plain)
        print(f"  {code.name:50}{own:10.2f}{plain:10.2f}{own / plain:7.2f}x")
    print(f"  the worst: {verdict(max(ratios), GOAL, 'x')}   (median {statistics.median(ratios):.2f}x)")


def _timed(sandbox: Sandbox, code: Code) -> tuple[float, float]:
    """Return microseconds a row, under the policy and without it."""
    texts = {module.__name__.rpartition(".")[2]: inspect.getsource(module) for module in code.modules}
    package = code.modules[0].__name__.rpartition(".")[0]
    own = {f"{name}.py": text.replace(f"from {package}.", "from bench.") for name, text in texts.items()}
    plain = {f"plain_{name}.py": text.replace(f"from {package}.", "from plain_") for name, text in texts.items()}
    names = {"module": next(iter(texts)), "row": code.row, "rows": ROWS, "turns": TURNS, "function": code.function}
    call = poll(BODY.substitute(names), head=HEAD.substitute(names), files=own, libraries=plain)
    figures = [_figures(sandbox, call) for _ in range(CHILDREN)]
    return min(own for own, _ in figures) / ROWS * 1e6, min(plain for _, plain in figures) / ROWS * 1e6


def _figures(sandbox: Sandbox, call: Call) -> tuple[float, float]:
    taker = Taker()
    outcome = sandbox.call(call, taker)
    assert outcome.succeeded, outcome
    (said,) = taker.said
    return said["own"], said["plain"]
