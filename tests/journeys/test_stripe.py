"""The connector for Stripe against localstripe: a stateful fake that others wrote, as a process of its own.

It lists oldest first where Stripe lists newest first, refuses `created` on most lists and several types of events at
once, and tells of no charge, no refund and no finalised invoice in its events. The connector knows none of this.
"""

import base64
import hashlib
import hmac
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest

from levada_runtime.daemon.installation import Installation

pytestmark = pytest.mark.journey

KEY = "sk_test_levada"
SIGNING = "whsec_levada"
STREAMS = ("customers", "invoices", "payments", "refunds")
OUTCOMES = ("created", "updated", "unchanged", "retired", "failed")
CARD = {"type": "card", "card[number]": "4242424242424242", "card[exp_month]": 12, "card[exp_year]": 2040}


class Shop:
    """An account at localstripe, used through its HTTP API as any client would."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"

    def post(self, path, **form):
        return self._ask("POST", path, urlencode(form).encode())

    def get(self, path):
        return self._ask("GET", path)

    def delete(self, path):
        return self._ask("DELETE", path)

    def listed(self, path):
        return {row["id"]: row for row in self.get(f"{path}?limit=1000")["data"]}

    def customer(self, name, **form):
        return self.post("/v1/customers", name=name, email=f"{name.split()[0].lower()}@example.org", **form)

    def customer_with_a_card(self, name):
        customer = self.customer(name)
        card = self.post("/v1/payment_methods", **CARD, **{"card[cvc]": "123"})["id"]
        self.post(f"/v1/payment_methods/{card}/attach", customer=customer["id"])
        self.post(f"/v1/customers/{customer['id']}", **{"invoice_settings[default_payment_method]": card})
        return {**customer, "card": card}

    def subscribe(self, customer):
        """Subscribe a customer to a plan, which makes an invoice and has it paid."""
        product = self.post("/v1/products", name="Seats", type="service")["id"]
        plan = self.post("/v1/plans", amount=2500, currency="eur", interval="month", product=product, nickname="Seat")
        form = {"customer": customer, "items[0][plan]": plan["id"], "items[0][quantity]": 4}
        return self.post("/v1/subscriptions", **form)

    def _ask(self, method, path, body=None):
        sign = base64.b64encode(f"{KEY}:".encode()).decode()
        request = urllib.request.Request(self.url + path, body, {"Authorization": f"Basic {sign}"}, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            said = answer.read()
        return json.loads(said) if said else None


@contextmanager
def localstripe():
    """Run localstripe on a free port until it is done with."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        shop = Shop(port)
        deadline = time.monotonic() + 30
        while not _answers(shop):
            assert process.poll() is None, "localstripe did not start"
            assert time.monotonic() < deadline, "localstripe does not answer"
            time.sleep(0.05)
        yield shop
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)


def _answers(shop):
    try:
        return shop.get("/v1/customers") is not None
    except OSError:
        return False


@pytest.fixture
def shop():
    with localstripe() as running:
        yield running


@pytest.fixture
def stripe_site(shop, site_class, tmp_path):
    """An installation with a connection to the shop."""
    allowed = json.dumps([shop.url.removeprefix("http://")])
    site = site_class(
        tmp_path / "data",
        {"LEVADA_BROKER__ALLOW_PRIVATE": allowed, "STRIPE_KEY": KEY, "STRIPE_HOOK": SIGNING},
    )
    base, key, hook = f"api_base={shop.url}", "api_key=env:STRIPE_KEY", "webhook_secret=env:STRIPE_HOOK"
    site.runtime("connections", "add", "stripe", "--set", base, "--secret", key, "--secret", hook)
    site.hush()
    return site


@pytest.fixture
def poll(stripe_site, wait_until):
    """Returns what has a running daemon poll every stream, and gives back what each run counted."""

    def polled():
        with Installation(stripe_site.settings()) as installation:
            connection = installation.connections.get(installation.org, "stripe")
            runs = {stream: installation.queue.by_hand(connection, stream).id for stream in STREAMS}
        over = {"succeeded", "partial", "failed"}
        wait_until(lambda: {stripe_site.run_rows()[run][0] for run in runs.values()} <= over, "the runs end")
        listed = {run["id"]: run for run in stripe_site.json("runs", "list")["items"]}
        shown = {stream: listed[run] for stream, run in runs.items()}
        assert {run["state"] for run in shown.values()} == {"succeeded"}, shown
        return {stream: {name: run["counts"][name] for name in OUTCOMES} for stream, run in shown.items()}

    return polled


def documents(site):
    """Return key, version and payload of what is current."""
    rows = site.rows(
        "SELECT d.idempotency_key, d.version, v.payload FROM documents d"
        " JOIN versions v ON v.document_id = d.id AND v.version = d.version WHERE d.retired_at IS NULL"
    )
    return {key: (version, json.loads(payload)) for key, version, payload in rows}


def test_what_is_in_stripe_is_here_after_a_poll_and_follows_what_happens_there(shop, stripe_site, poll):
    """Objects are documents, a second poll changes nothing, a change is version 2, and a deletion retires."""
    many = [shop.customer(f"Customer {number}")["id"] for number in range(120)]
    ada = shop.customer_with_a_card("Ada Abbott")
    shop.subscribe(ada["id"])
    intent = shop.post(
        "/v1/payment_intents", amount=1999, currency="jpy", customer=ada["id"], payment_method=ada["card"]
    )
    charge = shop.post("/v1/charges", amount=5124, currency="kwd", customer=ada["id"], source=ada["card"])
    refund = shop.post("/v1/refunds", charge=charge["id"], amount=1000)
    daemon = stripe_site.serve("--workers", "1")
    stripe_site.runtime("connections", "check", "stripe")

    first = poll()
    found = documents(stripe_site)
    intents, invoices = shop.listed("/v1/payment_intents"), shop.listed("/v1/invoices")
    assert set(found) == {
        *(f"stripe:customer:{one}" for one in [*many, ada["id"]]),
        *(f"stripe:invoice:{one}" for one in invoices),
        *(f"stripe:payment:{one}" for one in [*intents, charge["id"]]),
        f"stripe:refund_receipt:{refund['id']}",
    }
    assert len(intents) == 2
    assert len(shop.listed("/v1/charges")) == 2, "the charge of the invoice's intent is no payment of its own"
    assert first["customers"] == {**dict.fromkeys(OUTCOMES, 0), "created": 121}
    (invoice,) = (payload for key, (_, payload) in found.items() if key.startswith("stripe:invoice:"))
    assert (invoice["status"], invoice["total_amount"], invoice["amount_due"]) == ("paid", "100.00", "0.00")
    assert [(line["quantity"], line["amount"]) for line in invoice["line_items"]] == [("4", "100.00")]
    assert {key: (found[key][1]["amount"], found[key][1]["currency"]) for key in found if ":payment:" in key} == {
        f"stripe:payment:{intent['id']}": ("1999", "JPY"),
        f"stripe:payment:{charge['id']}": ("5.124", "KWD"),
        **{f"stripe:payment:{one}": ("100.00", "EUR") for one in intents if one != intent["id"]},
    }
    returned = found[f"stripe:refund_receipt:{refund['id']}"][1]
    assert (returned["total_amount"], returned["payment_id"]) == ("1.000", charge["id"])

    second = poll()
    assert all(counts["unchanged"] == sum(counts.values()) > 0 for counts in second.values()), second
    assert documents(stripe_site) == found

    shop.post(f"/v1/customers/{ada['id']}", name="Ada Lovelace")
    shop.delete(f"/v1/customers/{many[0]}")
    new = shop.customer("Grace Hopper")
    shop.post(f"/v1/payment_intents/{intent['id']}/confirm")
    third = poll()
    now = documents(stripe_site)
    assert now[f"stripe:customer:{ada['id']}"][0] == 2
    assert now[f"stripe:customer:{ada['id']}"][1]["name"] == "Ada Lovelace"
    assert now[f"stripe:payment:{intent['id']}"][1]["status"] == "succeeded"
    assert set(now) - set(found) == {f"stripe:customer:{new['id']}"}
    assert set(found) - set(now) == {f"stripe:customer:{many[0]}"}
    assert {key for key in set(found) & set(now) if now[key] != found[key]} == {
        f"stripe:customer:{ada['id']}", f"stripe:payment:{intent['id']}",
    }  # fmt: skip
    assert [third["customers"][outcome] for outcome in OUTCOMES] == [1, 1, 120, 1, 0]
    daemon.stop()


def test_events_come_in_by_webhook_signed_and_once(shop, stripe_site, poll, wait_until):
    """Unsigned is 401, a delivery twice changes nothing, an older state never wins; polls and webhooks agree."""
    daemon = stripe_site.serve("--workers", "1")
    hook = f"{daemon.url}/hooks/stripe/events"
    now = int(time.time())
    grace = {"id": "cus_grace", "object": "customer", "created": now, "name": "Grace Hopper", "currency": "eur"}
    body = event("evt_2", "customer.updated", now, grace)
    assert delivered(hook, body, None)[0] == 401
    assert delivered(hook, body, signature(body, "whsec_of_somebody_else"))[0] == 401
    assert delivered(hook, body, signature(body, SIGNING, at=now - 3600))[0] == 401
    assert documents(stripe_site) == {}

    status, receipt = delivered(hook, body, signature(body, SIGNING))
    assert status == 202
    found = wait_until(lambda: documents(stripe_site), "the event is a document")
    assert found["stripe:customer:cus_grace"][1]["name"] == "Grace Hopper"
    assert delivered(hook, body, signature(body, SIGNING, at=now + 1)) == (202, receipt)
    older = event("evt_1", "customer.created", now - 60, {**grace, "name": "Grace Murray"})
    assert delivered(hook, older, signature(older, SIGNING))[0] == 202
    other = event("evt_3", "balance.available", now, {"object": "balance"})
    assert delivered(hook, other, signature(other, SIGNING))[0] == 202
    wait_until(lambda: [row[0] for row in stripe_site.run_rows().values()] == ["succeeded"] * 3, "three runs succeed")
    assert documents(stripe_site) == found

    shop.post("/_config/webhooks/levada", url=hook, secret=SIGNING)
    ada = shop.customer("Ada Abbott")["id"]
    key = f"stripe:customer:{ada}"
    wait_until(lambda: key in documents(stripe_site), "localstripe's own delivery is a document")
    shop.post(f"/v1/customers/{ada}", name="Ada Lovelace")
    wait_until(lambda: documents(stripe_site)[key][1]["name"] == "Ada Lovelace", "the change arrives")
    assert documents(stripe_site)[key][0] == 2
    assert poll()["customers"] == {**dict.fromkeys(OUTCOMES, 0), "unchanged": 1}
    shop.delete(f"/v1/customers/{ada}")
    wait_until(lambda: key not in documents(stripe_site), "the deletion arrives")
    daemon.stop()


def event(event_id, event_type, created, row):
    """Return the body of an event as Stripe would send it."""
    told = {"id": event_id, "object": "event", "type": event_type, "created": created, "data": {"object": row}}
    return json.dumps({**told, "api_version": "2025-02-24.acacia"}, indent=2).encode()


def signature(body, secret, at=None):
    """Sign as Stripe does: the time and the body, by HMAC-SHA-256."""
    at = at or int(time.time())
    proof = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={proof}"


def delivered(url, body, proof):
    """Post a delivery; return the status and the receipt's id."""
    headers = {"Content-Type": "application/json", **({"Stripe-Signature": proof} if proof else {})}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
            return answer.status, json.load(answer)["receipt_id"]
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return refusal.code, None
