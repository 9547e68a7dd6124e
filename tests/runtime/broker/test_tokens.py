"""A connector with OAuth2: its requests carry a token that the child, the log and the tape never see."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.runtime.access.token_server import FIRST, TokenServer

from levada import (
    AuthFailed,
    Forbidden,
    HttpRequest,
    RateLimited,
    SourceUnavailable,
    oauth2_client_credentials,
    oauth2_refresh,
    secret,
    text,
)
from levada._rate import RateLimit
from levada_runtime.access.oauth import Tokens
from levada_runtime.foundation.crypto import Keyring
from levada_runtime.foundation.logging import mask
from levada_runtime.sandbox.broker.budget import Budget
from levada_runtime.sandbox.broker.budgets import Budgets
from levada_runtime.store.model import ConnectionRow

GET = HttpRequest("GET", "/rows")
SECRET = "the client's own secret"


@pytest.fixture
def server(cleanup):
    """The source and its authorisation server in one."""
    server = TokenServer()
    cleanup.callback(server.close)
    return server


@pytest.fixture
def new_run(new_broker, server, store, clock):
    """Returns what makes the broker of a run of one connection, whose token comes from `/token` of the first host."""
    fields = {"org_id": 1, "id": 7, "uid": "u", "name": "shop", "connector": "shop", "settings": {}}
    state = {"mode": "live", "state": "active", "state_reason": None}
    connection = ConnectionRow(**fields, **state, created_at=clock.now(), updated_at=clock.now())

    def make(auth=None, *, token_url="/token", kept=True, **words):
        scheme = auth or oauth2_refresh(token_url, client_id="id", client_secret="key", refresh_token="refresh")
        values = {"id": "ada", "key": SECRET, "refresh": FIRST}
        tokens = Tokens(store, clock, Keyring(["k"])).of(connection, scheme, values) if kept else None
        return new_broker(
            auth=scheme,
            settings=[text("id"), secret("refresh", required=False)],
            values={"api_base": server.url, "id": "ada"},
            secrets={"key": SECRET, "refresh": FIRST},
            allow=[server.place],
            tokens=tokens,
            **words,
        )

    return make


@pytest.mark.databases("sqlite")
def test_the_token_goes_with_every_request_and_is_fetched_once(new_run, server):
    """By the first run that sends any; its fetching is in the run's log, too, and counts."""
    first = new_run()
    assert first.request(GET).ok
    assert first.request(GET).ok
    assert new_run().request(GET).ok
    assert [form["refresh_token"] for form in server.asked] == [FIRST]
    assert {given for _, _, given, _ in server.visits} == {"Bearer access-token-number-1"}
    assert [(one.method, one.url.rpartition("/")[2], one.status) for one in first.exchanges] == [
        ("POST", "token", 200),
        ("GET", "rows", 200),
        ("GET", "rows", 200),
    ]
    assert first.requests == 3


def test_twenty_runs_at_once_fetch_one_token(new_run, server):
    """Each with a broker of its own; the source takes a while to give it out."""
    server.delay_s = 0.3
    runs = [new_run() for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(lambda run: run.request(GET).ok, runs))
    assert len(server.asked) == 1
    assert len(server.visits) == 20


@pytest.mark.databases("sqlite")
def test_a_token_that_the_source_takes_back_is_fetched_anew_once_a_run(new_run, server):
    """Also for what is sent once only: it was refused, and nothing came of it."""
    run = new_run()
    assert run.request(GET).ok
    server.good = "another"
    assert run.request(HttpRequest("POST", "/rows", body=b"{}")).ok
    assert [status for _, _, _, status in server.visits] == [200, 401, 200]
    server.good = "yet another"
    assert run.request(GET).status == 401
    assert len(server.asked) == 2


@pytest.mark.databases("sqlite")
def test_no_token_is_in_anything_that_is_kept(new_run, server):
    """Neither the one it was given nor the refresh token, wherever the source or a route repeats them."""
    run = new_run(recording=True)
    assert run.request(GET).ok
    for token in ("access-token-number-1", "refresh-token-number-1", FIRST, SECRET):
        answer = run.request(HttpRequest("POST", f"/{token}", (("k", token),), (("X-Mine", token),), token.encode()))
        assert token not in answer.url
    assert mask("somebody logs access-token-number-1 and refresh-token-number-1").count("number") == 0
    run.close()
    kept = f"{run.exchanges} {b''.join(run.tape.take()).decode()}"
    for token in ("access-token-number-1", "refresh-token-number-1", FIRST, SECRET):
        assert token not in kept
    assert "/token" not in b"".join(run.tape.take()).decode()


@pytest.mark.databases("sqlite")
def test_an_observed_run_keeps_what_was_rotated(new_run, server, store):
    """The source has taken the old one for good."""
    assert new_run(observing=True).request(GET).ok
    with store.read() as uow:
        assert len(uow.tokens.everywhere()) == 1
    assert new_run().request(GET).ok
    assert len(server.asked) == 1


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ((400, {"error": "invalid_grant"}), AuthFailed, "set the new one"),
        ((401, {"error": "invalid_client"}), AuthFailed, "invalid_client"),
        ((302, {}), AuthFailed, "302"),
        ((429, {}), RateLimited, "429"),
        ((500, {}), SourceUnavailable, "500"),
    ],
)
def test_without_a_token_nothing_is_sent(new_run, server, answer, error, words):
    """What the run ends as is what the next step is: somebody sets a new one, or it is tried again."""
    server.answers = [answer]
    run = new_run()
    with pytest.raises(error, match=words) as failed:
        run.request(GET)
    assert type(failed.value) is error
    assert server.visits == []
    assert new_run().request(GET).ok


@pytest.mark.databases("sqlite")
def test_the_client_s_own_credentials_are_enough_for_a_token(new_run, server):
    """At an address of its own, which need not be one of the declared hosts."""
    scheme = oauth2_client_credentials(f"{server.url}/token", client_id="id", client_secret="key", client_auth="basic")
    assert new_run(scheme).request(GET).ok
    assert server.asked == [{"grant_type": "client_credentials"}]
    assert server.headers[0]["Authorization"].startswith("Basic ")


@pytest.mark.databases("sqlite")
def test_the_address_of_a_token_keeps_the_rules_of_every_other(new_run, server):
    """Nothing private that no operator allowed."""
    with pytest.raises(Forbidden) as refused:
        new_run(token_url="http://127.0.0.1:1/token").request(GET)
    assert "127.0.0.1:1" in refused.value.message
    assert server.visits == []


KEY = b"whom the source takes the connection for"


@pytest.fixture
def turns(store):
    """Returns what makes a run's share in the budgets of the connection's credential."""
    return lambda *rules: Budgets(store).of(1, KEY, [RateLimit(requests=n, per_s=s) for n, s in rules])


def budget(store, place):
    with store.read() as uow:
        return Budget.read(uow.rate_budgets.look(1, KEY, place))


def test_a_request_for_a_token_takes_a_turn_like_any_other(new_run, server, store, turns):
    """It counts at its host, before the request that it is for; a run never waits for a turn it holds itself."""
    run = new_run(turns=turns((2, 60)))
    assert run.request(GET).ok
    assert sum(count for _, count in budget(store, server.place).past) == 2
    assert budget(store, server.place).flying == {}
    with pytest.raises(RateLimited, match="takes no more requests"):
        new_run(turns=turns((2, 60))).request(GET)
    assert (len(server.asked), len(server.visits)) == (1, 1)


def test_a_host_that_gives_no_token_for_a_while_is_left_alone_by_all(new_run, server, store, turns):
    """What it said to one run another need not ask again; nobody holds the claim meanwhile."""
    server.answers = [(429, {})] * 2
    server.token_headers = {"Retry-After": "600"}
    for _ in range(2):
        with pytest.raises(RateLimited) as refused:
            new_run(turns=turns()).request(GET)
        assert refused.value.wait == pytest.approx(600, abs=5)
    assert (len(server.asked), server.visits) == (1, [])
    with store.read() as uow:
        assert [row.refreshing_by for row in uow.tokens.everywhere()] == [None]


def test_twenty_runs_with_a_budget_fetch_one_token_and_keep_to_the_limit(new_run, server, store, turns):
    """One of them asks in its turn, the others wait for its answer, and then for their own turns."""
    server.delay_s = 0.1
    runs = [new_run(turns=turns((30, 1))) for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(lambda run: run.request(GET).ok, runs))
    assert (len(server.asked), len(server.visits)) == (1, 20)
    assert sum(count for _, count in budget(store, server.place).past) <= 30
