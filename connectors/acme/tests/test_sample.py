"""The sample source: the same for the same seed, honest about what it serves, and as unreliable as a real one."""

import hmac
import json
import re
import urllib.error
import urllib.request
from decimal import Decimal

import pytest

from levada_acme.sample import DEFAULT_API_KEY, Faults, SampleSource
from levada_acme.sample.push import sign


def small(**words):
    return SampleSource(**{"seed": 3, "customers": 450, "invoices": 250, "faults": False, **words})


def get(url, key=DEFAULT_API_KEY):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=5) as response:
        return json.load(response), response.headers.get("Link")


def status_of(url):
    """The status and the Retry-After of one request."""
    try:
        get(url)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code, error.headers.get("Retry-After")
    return 200, None


def read(url):
    """Follow the pages to the end."""
    pages = []
    while url:
        rows, link = get(url)
        pages.append(rows)
        found = re.fullmatch(r'<(.+)>; rel="next"', link) if link else None
        url = found[1] if found else None
    return pages


def test_the_same_seed_serves_the_same_rows():
    """Two sources of one seed agree, also after time has passed; another seed's data differs."""
    one, other, third = small(), small(), small(seed=4)
    for source in (one, other, third):
        source.advance()
    assert one.served == other.served
    assert one.served != third.served


def test_pages_give_every_row_once_and_oldest_first():
    """Following the links from the start meets exactly what is served, in order of change."""
    with small() as acme:
        pages = read(f"{acme.base_url}/customers")
        rows = [row for page in pages for row in page]
        assert [len(page) for page in pages] == [200, 200, 50]
        assert {row["id"]: row for row in rows} == acme.served.customers
        assert rows == sorted(rows, key=lambda row: (row["updated_at"], row["id"]))


def test_a_row_that_changes_while_somebody_pages_is_met_later_and_none_is_lost():
    """A change between two pages moves rows to the end; the rest is not shifted."""
    with small() as acme:
        rows, link = get(f"{acme.base_url}/customers")
        acme.advance()
        rest = [row for page in read(re.match("<(.+?)>", link)[1]) for row in page]
        met = {row["id"]: row for row in rows + rest}
        served = acme.served
        assert {key: row for key, row in met.items() if not row["deleted"]} == served.customers
        assert {key for key, row in met.items() if row["deleted"]} == served.deleted


def test_since_gives_what_changed_at_or_after_that_moment():
    """Only the last row comes back when nothing changed; after an advance, the changes and the tombstones."""
    with small() as acme:
        last = read(f"{acme.base_url}/customers")[-1][-1]
        url = f"{acme.base_url}/customers?since={last['updated_at']}"
        assert read(url) == [[last]]
        acme.advance()
        changed = read(url)[0]
        assert {row["id"] for row in changed if row["deleted"]} == acme.served.deleted
        assert len(acme.served.deleted) > 0
        assert len(changed) > len(acme.served.deleted) + 1


def test_an_advance_adds_changes_and_removes_customers_and_pays_invoices():
    """Each kind of change happens at every advance, and what was taken before does not move."""
    acme = small()
    before = acme.served
    acme.advance()
    after = acme.served
    assert after.customers.keys() - before.customers.keys()
    assert before.customers.keys() - after.customers.keys() == after.deleted
    assert any(
        after.customers[key] != before.customers[key] for key in before.customers.keys() & after.customers.keys()
    )
    paid = [key for key in before.invoices if before.invoices[key]["state"] != after.invoices[key]["state"]]
    assert paid
    assert all(after.invoices[key]["amount_due"] == "0.00" for key in paid)


def test_some_invoices_are_wrong_in_three_ways():
    """A currency that does not exist, a float for money and a misspelt field; they stay out of the truth."""
    with small(invalid=3) as acme:
        rows = {row["id"]: row for page in read(f"{acme.base_url}/invoices") for row in page}
        wrong = [rows[number] for number in sorted(acme.served.invalid)]
        assert wrong[0]["currency"] == "EURO"
        assert isinstance(wrong[1]["total"], float)
        assert "quantitty" in wrong[2]["lines"][0]
        assert acme.served.counts == {"customers": 450, "deleted": 0, "invoices": 247, "invalid": 3}
        assert acme.served.invalid.isdisjoint(acme.served.invoices)


def test_an_invoices_lines_add_up():
    """The total of a good invoice is the sum of its lines."""
    for row in small().served.invoices.values():
        assert sum(Decimal(line["amount"]) for line in row["lines"]) == Decimal(row["total"])


def test_the_nonce_is_carried_by_some_customers():
    """A nonce given by a test can be found again in what was read."""
    rows = small(nonce="n-42").served.customers.values()
    marked = [row for row in rows if row["tags"].get("nonce") == "n-42"]
    assert 0 < len(marked) < len(rows)


def test_a_wrong_key_is_refused():
    """Without the bearer key there is no data."""
    with small() as acme, pytest.raises(urllib.error.HTTPError) as refused:
        get(f"{acme.base_url}/customers", key="wrong")
    assert refused.value.code == 401
    refused.value.close()


def test_faults_come_at_their_turn():
    """Every so many-eth request is answered 429 with Retry-After, every so many-eth 503."""
    with small(faults=Faults(rate_limited_every=3, unavailable_every=4, retry_after_s=2)) as acme:
        answers = [status_of(f"{acme.base_url}/account") for _ in range(8)]
    limited, unavailable, served = (429, "2"), (503, None), (200, None)
    assert answers == [served, served, limited, unavailable, served, limited, served, unavailable]


def test_links_keep_the_name_the_caller_used():
    """A caller that says localhost is sent on to localhost, so that its allow-list holds."""
    with small() as acme:
        _, link = get(acme.base_url.replace("127.0.0.1", "localhost") + "/customers")
        assert link.startswith("<http://localhost:")


def test_a_source_that_is_not_running_has_no_address():
    """Asking for the address before start() says what to do."""
    with pytest.raises(RuntimeError, match="start"):
        _ = small().base_url


def test_a_payment_is_pushed_with_its_signature():
    """The receiver of another source keeps the very bytes; what is read page by page is not touched by it."""
    seen = []

    class Receiver(SampleSource):
        def keep(self, body):
            seen.append(body)
            return super().keep(body)

    with small(signing_secret="s3") as acme, Receiver(customers=1, invoices=0) as other:
        before = acme.served
        assert acme.settle(f"{other.base_url}/received") == (200, 90001)
        assert acme.settle(f"{other.base_url}/received") == (200, 90002)
        assert acme.served == before
        assert other.received == seen
    event = json.loads(seen[0])
    invoice = before.invoices[event["payment"]["invoice"]["id"]]
    assert event["payment"]["amount"] == invoice["total"]
    assert sign(seen[0], "s3") == hmac.new(b"s3", seen[0], "sha256").hexdigest()


def test_what_is_received_is_bounded():
    """Only at its place, and with a length."""
    with small() as acme:
        for path, headers, status in (("/received", {"Content-Length": str(2 << 20)}, 413), ("/customers", {}, 404)):
            request = urllib.request.Request(f"{acme.base_url}{path}", b"{}", headers)
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=5)
            assert refused.value.code == status
            refused.value.close()
        assert acme.received == []


def test_without_an_invoice_nothing_can_be_paid():
    """And the source says so."""
    with small(invoices=0) as acme, pytest.raises(LookupError, match="no invoice"):
        acme.settle(acme.base_url)
