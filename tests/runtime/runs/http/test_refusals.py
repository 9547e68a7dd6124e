"""What a run was kept from asking is in its exchange log, with the reason, where an operator reads it."""

import gzip

import pytest
from tests.loopback import NAME, answers

pytestmark = pytest.mark.databases("sqlite")


def test_each_refusal_is_in_the_runs_exchange_log(bench):
    """A redirect to the cloud's metadata, a bomb, an undeclared host: each is one line, and the run goes on."""
    source = bench.source
    source.answers |= {
        "/redirect": (302, {"Location": "https://169.254.169.254/latest/meta-data/?token=x"}, b""),
        "/bomb": (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(20 << 20))),
        "/fine": (200, {}, b"{}"),
    }
    bench.set(ask=f"/redirect /bomb https://evil.test/steal?what=all http://{NAME}:{source.port}/ /fine?page=2")
    run = bench.run("asks")
    assert run["state"] == "succeeded", run["error"]
    kept = [(one["method"], one["url"], one["status"]) for one in bench.exchanges(run)]
    assert kept == [
        ("GET", f"{source.named}/redirect", None),
        ("GET", f"{source.named}/bomb", None),
        ("GET", "https://evil.test/steal", None),
        ("GET", f"http://{NAME}:{source.port}/", None),
        ("GET", f"{source.named}/fine", 200),
    ]
    redirected, bomb, undeclared, plain, fine = [one["refused"] for one in bench.exchanges(run)]
    assert redirected == (
        f"{NAME}:{source.port} redirects to https://169.254.169.254/latest/meta-data/: 169.254.169.254 is at "
        "169.254.169.254, which is not a public address; an operator may allow it with "
        "LEVADA_BROKER__ALLOW_PRIVATE='[\"169.254.169.254:443\"]'"
    )
    assert bomb == "the body unpacks to over 100 times its size"
    assert undeclared.startswith("explorer asks https://evil.test, which it does not declare")
    assert plain.startswith(f"explorer asks http://{NAME}:{source.port}, which it does not declare")
    assert fine is None
    assert run["http"]["requests"] == 3


def test_a_name_that_turns_private_at_its_second_look_up_is_in_the_log(new_bench, source):
    """The first answer is connected to; the second look-up is checked again."""
    source.answers["/a"] = (200, {"Connection": "close"}, b"{}")
    bench = new_bench(answers(["127.0.0.1"], ["10.0.0.5"]), [f"127.0.0.1:{source.port}"])
    bench.set(ask="/a /a")
    first, second = bench.exchanges(bench.run("asks"))
    assert (first["status"], first["refused"]) == (200, None)
    assert second["status"] is None
    assert second["refused"].startswith(f"{NAME} is at 10.0.0.5, which is not a public address")
    assert len(source.seen) == 1


def test_a_run_that_waits_for_its_source_ends_when_its_time_does(bench, monkeypatch):
    """As a timeout, within the wall clock; the exchange says so."""
    import time

    bench.source.answers["/a"] = lambda handler: time.sleep(3)
    settings = bench.installation.settings
    short = settings.sandbox.model_copy(update={"poll_wall_s": 0.5})
    bench.installation.settings = settings.model_copy(update={"sandbox": short})
    bench.set(ask="/a")
    began = time.monotonic()
    run = bench.run("asks")
    assert time.monotonic() - began < 2.5
    assert run["reason"] == "timeout"
    assert [one["refused"] for one in bench.exchanges(run)] == ["the run took longer than 0.5 s"]


def test_a_second_run_finds_the_socket_and_the_cookie_of_the_first(bench):
    """They are the connection's, and stay in the worker."""
    ports = []

    def greet(handler):
        ports.append(handler.client_address[1])
        handler.send_response(204)
        handler.send_header("Set-Cookie", "session=1; Secure")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    bench.source.answers["/a"] = greet
    bench.set(ask="/a")
    bench.run("asks")
    bench.run("asks")
    assert len(set(ports)) == 1
    assert [seen[2].get("Cookie") for seen in bench.source.seen] == [None, "session=1"]
