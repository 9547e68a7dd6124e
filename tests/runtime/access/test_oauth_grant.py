"""What is said to fetch a token, and what the answer means."""

from base64 import b64decode
from urllib.parse import parse_qsl

import pytest

from levada import AuthFailed, RateLimited, SourceUnavailable, oauth2_client_credentials, oauth2_refresh
from levada_runtime.access.oauth_grant import Issued, read_token, token_request

VALUES = {"id": "ada", "secret": "s3/c+ret", "refresh": "first"}
CLIENT = oauth2_client_credentials("/token", client_id="id", client_secret="secret", scopes=("read", "write"))
REFRESH = oauth2_refresh("/token", client_id="id", client_secret="secret", refresh_token="refresh")
PUBLIC = oauth2_refresh("/token", client_id="id", refresh_token="refresh", client_auth="basic")


def said(scheme, refresh_token=None):
    asked = token_request(scheme, VALUES, refresh_token)
    return dict(asked.headers), dict(parse_qsl(asked.body.decode()))


def test_the_client_says_who_it_is_in_the_form():
    """As most sources take it."""
    headers, form = said(CLIENT)
    assert headers == {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    assert form == {
        "grant_type": "client_credentials",
        "scope": "read write",
        "client_id": "ada",
        "client_secret": "s3/c+ret",
    }


def test_the_client_says_who_it_is_as_user_and_password():
    """Each part spelled as in a form, as the standard has it; nothing of it is in the body then."""
    headers, form = said(oauth2_client_credentials("/t", client_id="id", client_secret="secret", client_auth="basic"))
    assert b64decode(headers["Authorization"].removeprefix("Basic ")) == b"ada:s3%2Fc%2Bret"
    assert form == {"grant_type": "client_credentials"}


def test_the_newest_refresh_token_is_used():
    """The configured one before there is another; a public client has no secret."""
    assert said(REFRESH)[1]["refresh_token"] == "first"
    assert said(REFRESH, "second")[1]["refresh_token"] == "second"
    assert b64decode(said(PUBLIC)[0]["Authorization"].removeprefix("Basic ")) == b"ada:"


@pytest.mark.parametrize(
    ("body", "issued"),
    [
        (b'{"access_token": "a"}', Issued("a", None, None)),
        (b'{"access_token": "a", "token_type": "bearer", "expires_in": 60}', Issued("a", None, 60)),
        (b'{"access_token": "a", "expires_in": "60", "refresh_token": "r"}', Issued("a", "r", 60)),
        (b'{"access_token": "a", "expires_in": 0, "refresh_token": ""}', Issued("a", None, None)),
        (b'{"access_token": "a", "expires_in": "soon", "refresh_token": 7}', Issued("a", None, None)),
        (b'{"access_token": "a", "expires_in": 1e300}', Issued("a", None, 365 * 86_400)),
    ],
)
def test_a_token_is_read(body, issued):
    """What the source says of its life may be a number, text, or nothing."""
    assert read_token("id.test", 200, body, None) == issued


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (400, b'{"error": "invalid_grant"}', AuthFailed, "refresh token any more .invalid_grant.*set the new one"),
        (401, b'{"error": "invalid_client"}', AuthFailed, "answered 401 .invalid_client."),
        (400, b'{"error": "<b>s3cret</b>"}', AuthFailed, "answered 400$"),
        (403, b"<html>s3cret</html>", AuthFailed, "answered 403$"),
        (302, b"", AuthFailed, "answered 302$"),
        (200, b"[]", AuthFailed, "without a token$"),
        (200, b'{"access_token": ""}', AuthFailed, "without a token$"),
        (200, b'{"error": "bad_verification_code"}', AuthFailed, "without a token .bad_verification_code."),
        (200, b'{"access_token": "a", "token_type": "mac"}', AuthFailed, "type 'mac'"),
        (429, b"", RateLimited, "429"),
        (503, b'{"access_token": "a"}', SourceUnavailable, "503"),
    ],
)
def test_an_answer_without_a_token_says_what_follows(status, body, error, words):
    """Refused credentials need somebody; a source that cannot answer now is asked again. Nothing of a page is told."""
    with pytest.raises(error, match=words) as failed:
        read_token("id.test", status, body, 30.0)
    assert type(failed.value) is error
    assert "s3cret" not in str(failed.value)
    assert error is AuthFailed or failed.value.wait == 30.0
