"""Access tokens: fetched once however many want one, kept before they are used, and never lost."""

import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import sqlalchemy as sa
from tests.runtime.access.token_server import FIRST

from levada import AuthFailed, SourceUnavailable, oauth2_client_credentials, oauth2_refresh
from levada_runtime.access import oauth
from levada_runtime.access.oauth import Tokens, place_of
from levada_runtime.access.oauth_grant import Issued
from levada_runtime.foundation.crypto import Keyring
from levada_runtime.foundation.ids import row_id
from levada_runtime.store.model import ConnectionRow
from levada_runtime.store.tables import oauth_tokens

SCHEME = oauth2_refresh("https://id.test/token", client_id="id", client_secret="secret", refresh_token="refresh")
VALUES = {"id": "ada", "secret": "client-secret", "refresh": FIRST}
KEYS = Keyring(["a passphrase"])


class Source:
    """Gives out tokens; a refresh token is taken once."""

    def __init__(self, expires_in_s=3600.0):
        self.asked = []
        self.good = FIRST
        self.expires_in_s = expires_in_s
        self.waits_for = None

    def __call__(self, request):
        given = dict(parse_qsl(request.body.decode())).get("refresh_token")
        self.asked.append(given)
        if self.waits_for is not None:
            assert self.waits_for.wait(10)
        if given != self.good:
            raise AuthFailed(f"not {given}")
        self.good = f"refresh-{len(self.asked)}"
        return Issued(f"access-{len(self.asked)}", self.good, self.expires_in_s)


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def connection(clock):
    fields = {"org_id": 1, "id": row_id(), "uid": "u", "name": "shop", "connector": "shop", "settings": {}}
    state = {"mode": "live", "state": "active", "state_reason": None, "recording": False}
    return ConnectionRow(**fields, **state, created_at=clock.now(), updated_at=clock.now())


@pytest.fixture
def new_token(store, clock, connection):
    """Returns what a run of the connection has its token from."""

    def make(scheme=SCHEME, **values):
        return Tokens(store, clock, KEYS).of(connection, scheme, {**VALUES, **values})

    return make


def rows(store):
    with store.read() as uow:
        return uow.tokens.everywhere()


def test_a_token_is_kept_for_all_until_it_is_about_to_expire(new_token, source, clock):
    """The next one comes a minute early, by the refresh token that came with the last."""
    assert new_token().get(source) == "access-1"
    assert new_token().get(source) == "access-1"
    clock.pass_time(minutes=58, seconds=59)
    assert new_token().get(source) == "access-1"
    clock.pass_time(seconds=1)
    assert new_token().get(source) == "access-2"
    assert source.asked == [FIRST, "refresh-1"]


def test_a_source_that_rotates_now_and_then_is_asked_with_the_last_it_gave(new_token, clock):
    """A token that comes without a new refresh token leaves the one there was."""
    asked, following = [], iter(["second", None, None])

    def fetch(request):
        asked.append(dict(parse_qsl(request.body.decode()))["refresh_token"])
        return Issued(f"access-{len(asked)}", next(following), 100)

    for _ in range(3):
        new_token().get(fetch)
        clock.pass_time(seconds=100)
    assert asked == [FIRST, "second", "second"]


def test_a_short_life_is_used_to_nine_tenths(new_token, clock):
    """A token of ten seconds would otherwise never be good."""
    source = Source(expires_in_s=10)
    run = new_token()
    assert run.get(source) == "access-1"
    clock.pass_time(seconds=8)
    assert run.get(source) == "access-1"
    clock.pass_time(seconds=1)
    assert run.get(source) == "access-2"


def test_one_without_a_term_is_good_until_it_is_refused(new_token, clock):
    """A refused token is never given again, and what another run fetched meanwhile is."""
    source = Source(expires_in_s=None)
    first, second = new_token(), new_token()
    assert first.get(source) == second.get(source) == "access-1"
    clock.pass_time(days=400)
    assert first.get(source) == "access-1"
    assert first.get(source, refused="access-1") == "access-2"
    assert second.get(source, refused="access-1") == "access-2"
    assert len(source.asked) == 2


def test_what_is_kept_is_sealed_and_only_in_its_place(new_token, source, store):
    """Neither token is in the table, in any column."""
    run = new_token()
    run.get(source)
    assert set(run.secrets()) == {"access-1", "refresh-1"}
    (row,) = rows(store)
    with store.engine.connect() as connection:
        raw = repr(connection.execute(sa.select(oauth_tokens)).one())
    for word in ("access-1", "refresh-1", FIRST, "client-secret"):
        assert word not in raw
    assert "access-1" in KEYS.open(row.sealed, place_of(row))
    assert (row.refreshing_by, row.fence) == (None, 1)


def test_other_values_of_the_operator_s_begin_anew(new_token, source):
    """A new refresh token is used in place of the last one that was rotated."""
    assert new_token().get(source) == "access-1"
    source.good = "authorised-again"
    assert new_token(refresh="authorised-again").get(source) == "access-2"
    assert source.asked == [FIRST, "authorised-again"]


def test_a_scheme_without_refresh_tokens_asks_with_the_client_s_own(new_token):
    """Nothing is kept beside the access token."""
    scheme = oauth2_client_credentials("https://id.test/token", client_id="id", client_secret="secret")
    asked = []

    def fetch(request):
        asked.append(request.body)
        return Issued("access", None, 60)

    assert new_token(scheme).get(fetch) == new_token(scheme).get(fetch) == "access"
    assert asked == [b"grant_type=client_credentials&client_id=ada&client_secret=client-secret"]


def test_a_failure_lets_the_next_one_try_at_once(new_token, source, store):
    """Whether the source cannot answer or refuses; what is kept stays."""
    source.good = "something else"
    with pytest.raises(AuthFailed):
        new_token().get(source)

    def silent(_request):
        raise SourceUnavailable("nobody there")

    with pytest.raises(SourceUnavailable, match="nobody there"):
        new_token().get(silent)
    source.good = FIRST
    assert new_token().get(source) == "access-2"
    assert rows(store)[0].fence == 3


def test_twenty_at_once_fetch_one(new_token, source):
    """Nineteen of them wait for the one."""
    source.waits_for = threading.Event()
    with ThreadPoolExecutor(20) as pool:
        given = [pool.submit(lambda: new_token().get(source)) for _ in range(20)]
        time.sleep(0.3)
        source.waits_for.set()
        assert {one.result() for one in given} == {"access-1"}
    assert source.asked == [FIRST]


def test_whoever_waits_in_vain_says_so(new_token, source):
    """And the run is tried again later."""
    source.waits_for = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lambda: new_token().get(source))
        while not source.asked:
            time.sleep(0.01)
        with pytest.raises(SourceUnavailable, match="another run is fetching"):
            new_token().get(source, within_s=0.2)
        source.waits_for.set()
        assert first.result() == "access-1"


@pytest.mark.parametrize("name", ["x@elsewhere/boot/pid/1/1", "dead"])
def test_who_died_while_fetching_is_not_waited_for(new_token, source, store, clock, name):
    """One known to be dead not at all, one on another machine until its time is up."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    mine = oauth.this_process().rsplit("/", 2)[0]
    by = f"x@{mine}/{dead.pid}/1" if name == "dead" else name
    new_token().get(source)
    with store.write() as uow:
        (row,) = uow.tokens.everywhere()
        until = clock.now() + timedelta(seconds=oauth.FETCH_S)
        uow.tokens.change(row, refreshing_by=by, refreshing_until=until, expires_at=clock.now())
    if name != "dead":
        with pytest.raises(SourceUnavailable):
            new_token().get(source, within_s=0.1)
        clock.pass_time(seconds=oauth.FETCH_S)
    assert new_token().get(source) == "access-2"


def test_who_comes_too_late_does_not_lose_what_it_was_given(new_token, source, store, clock):
    """It was taken for dead, but its refresh token is the newest there is: who took over goes on with that."""
    took_over, kept = threading.Event(), threading.Event()

    def fetch_after_taking_over(request):
        took_over.set()
        assert kept.wait(5)
        return source(request)

    with ThreadPoolExecutor(1) as pool:
        other = []

        def fetch_too_slowly(request):
            issued = source(request)
            clock.pass_time(seconds=oauth.FETCH_S + 1)
            other.append(pool.submit(lambda: new_token().get(fetch_after_taking_over)))
            assert took_over.wait(5)
            return issued

        assert new_token().get(fetch_too_slowly) == "access-1"
        assert rows(store)[0].fence == 2
        kept.set()
        assert other[0].result() == "access-1"
    assert new_token().get(source) == "access-1"
    assert source.asked == [FIRST, FIRST]


CRASHING = """
import os, signal, sys
sys.path[:0] = {path!r}
from tests.runtime.access.test_oauth import KEYS, SCHEME, VALUES, ConnectionRow, Issued, Tokens
from levada_runtime.foundation.clock import SystemClock
from levada_runtime.store.engine import make_engine
from levada_runtime.store.unit_of_work import Store

clock = SystemClock()
fields = dict(uid="u", name="shop", connector="shop", settings={{}}, mode="live", state="active", state_reason=None)
connection = ConnectionRow(org_id=1, id={connection}, **fields, created_at=clock.now(), updated_at=clock.now())
token = Tokens(Store(make_engine({url!r})), clock, KEYS).of(connection, SCHEME, VALUES)
token.get(lambda request: Issued("access-1", "refresh-1", 3600))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_rotated_token_survives_a_kill_right_after_it(store, new_token, source, connection, clock):
    """The process is gone the moment it is given the token; the next one goes on from what it was given."""
    url = store.engine.url.render_as_string(hide_password=False)
    code = CRASHING.format(path=[str(Path.cwd())], connection=connection.id, url=url)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    source.good = "refresh-1"
    assert new_token().get(source) == "access-1"
    clock.moment = datetime.now(UTC) + timedelta(hours=2)
    new_token().get(source)
    assert source.asked == ["refresh-1"]
