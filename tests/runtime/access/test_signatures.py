"""Signatures of webhooks: published vectors, signatures computed here by hand, and nothing else is taken."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levada import basic, bearer, github_signature, hmac_sha256, standard_webhooks, stripe_signature, unverified
from levada_runtime.access.signatures import Refused, Verified, live_secrets, sign_standard, verify

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"id": "evt_1", "amount": 2000}'


def sha256(key, content):
    return hmac.new(key, content, hashlib.sha256)


def standard(secret, body, message_id="msg_1", seconds=SECONDS):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    proof = base64.b64encode(sha256(key, f"{message_id}.{seconds}.".encode() + body).digest()).decode()
    return {"webhook-id": message_id, "webhook-timestamp": str(seconds), "webhook-signature": f"v1,{proof}"}


def stripe(secret, body, seconds=SECONDS):
    return {"Stripe-Signature": f"t={seconds},v1={sha256(secret.encode(), f'{seconds}.'.encode() + body).hexdigest()}"}


def github(secret, body):
    return {"X-Hub-Signature-256": f"sha256={sha256(secret.encode(), body).hexdigest()}"}


def plain(secret, body):
    return {"X-Sig": sha256(secret.encode(), body).hexdigest()}


def slack(secret, body, seconds=SECONDS):
    proof = sha256(secret.encode(), f"v0:{seconds}:".encode() + body).hexdigest()
    return {"X-Slack-Signature": f"v0={proof}", "X-Slack-Request-Timestamp": str(seconds)}


SLACK = hmac_sha256(
    "X-Slack-Signature",
    secret="s",
    prefix="v0=",
    timestamp_header="X-Slack-Request-Timestamp",
    signed="v0:{timestamp}:{body}",
)
SIGNED = {
    "standard_webhooks": (standard_webhooks("s"), WHSEC, standard),
    "hmac_sha256": (hmac_sha256("X-Sig", secret="s"), "a key", plain),
    "slack": (SLACK, "a key", slack),
    "stripe_signature": (stripe_signature("s"), "whsec_abc", stripe),
    "github_signature": (github_signature("s"), "a key", github),
}
every_scheme = pytest.mark.parametrize("name", SIGNED)


def reason(verdict):
    assert isinstance(verdict, Refused)
    return verdict.reason


def test_the_vector_published_by_standard_webhooks():
    """The reference libraries of the scheme are tested with this very message."""
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    then = datetime.fromtimestamp(1614265330, UTC)
    assert verify(standard_webhooks("s"), {"s": WHSEC}, headers, b'{"test": 2432232314}', then) == Verified()
    assert (
        sign_standard(WHSEC, headers["webhook-id"], 1614265330, b'{"test": 2432232314}') == headers["webhook-signature"]
    )


def test_the_vector_published_by_github():
    """From GitHub's manual on validating deliveries."""
    headers = {"X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}
    scheme, values = github_signature("s"), {"s": "It's a Secret to Everybody"}
    assert verify(scheme, values, headers, b"Hello, World!", NOW) == Verified()


def test_the_vector_published_by_slack():
    """From Slack's manual on verifying requests."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
        b"channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
        b"response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F"
        b"96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        "X-Slack-Request-Timestamp": "1531420618",
    }
    then = datetime.fromtimestamp(1531420618, UTC)
    assert verify(SLACK, {"s": "8f742231b10e8888abcd99yyyzzz85a5"}, headers, body, then) == Verified()


@every_scheme
def test_what_was_signed_is_taken_under_any_spelling_of_the_headers_names(name):
    """Header names have no case."""
    scheme, secret, sign = SIGNED[name]
    headers = sign(secret, BODY)
    for spelled in (headers, {key.lower(): value for key, value in headers.items()}):
        assert verify(scheme, {"s": secret}, spelled, BODY, NOW) == Verified()


@every_scheme
def test_either_of_two_live_secrets_signs(name):
    """While a source is moved from the old secret to the new, both are taken, and no third."""
    scheme, secret, sign = SIGNED[name]
    other = "whsec_" + base64.b64encode(b"another key of some length").decode()
    both = {"s": f"{secret}\n  {other}\n"}
    assert live_secrets(both["s"]) == [secret, other]
    for one in (secret, other):
        assert verify(scheme, both, sign(one, BODY), BODY, NOW) == Verified()
    third = "whsec_" + base64.b64encode(b"nobody gave this one to us").decode()
    assert reason(verify(scheme, both, sign(third, BODY), BODY, NOW)) == "signature_mismatch"


@every_scheme
@given(place=st.integers(min_value=0, max_value=8 * len(BODY) - 1))
def test_a_body_with_any_bit_flipped_is_refused(name, place):
    """The signature is over every bit."""
    scheme, secret, sign = SIGNED[name]
    flipped = bytearray(BODY)
    flipped[place // 8] ^= 1 << place % 8
    verdict = verify(scheme, {"s": secret}, sign(secret, BODY), bytes(flipped), NOW)
    assert reason(verdict) == "signature_mismatch"


@every_scheme
@given(data=st.data())
def test_headers_with_any_bit_flipped_are_refused(name, data):
    """Of what was signed and of the proof itself."""
    scheme, secret, sign = SIGNED[name]
    headers = sign(secret, BODY)
    header = data.draw(st.sampled_from(sorted(headers)))
    place = data.draw(st.integers(min_value=0, max_value=8 * len(headers[header]) - 1))
    letters = bytearray(headers[header].encode())
    letters[place // 8] ^= 1 << place % 8
    headers[header] = letters.decode("latin-1")
    assert isinstance(verify(scheme, {"s": secret}, headers, BODY, NOW), Refused)


@every_scheme
@given(noise=st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "x-sig",
    "stripe-signature", "x-hub-signature-256", "x-slack-signature", "x-slack-request-timestamp"]), st.text()),
    body=st.binary(max_size=40))  # fmt: skip
def test_whatever_arrives_is_refused_without_an_exception(name, noise, body):
    """Nobody who lacks the secret makes anything of it, and nothing of it breaks the runtime."""
    scheme, secret, _ = SIGNED[name]
    assert isinstance(verify(scheme, {"s": secret}, noise, body, NOW), Refused)


@every_scheme
@pytest.mark.parametrize("empty", [{}, {"s": ""}, {"s": " \n "}])
def test_without_a_secret_nothing_is_taken(name, empty):
    """An empty key would let everybody sign."""
    scheme, _, sign = SIGNED[name]
    assert reason(verify(scheme, empty, sign("whsec_", BODY), BODY, NOW)) == "secret_missing"


@every_scheme
def test_an_unsigned_delivery_is_refused(name):
    """As one that says nothing."""
    scheme, secret, _ = SIGNED[name]
    assert reason(verify(scheme, {"s": secret}, {}, BODY, NOW)) == "signature_missing"


@pytest.mark.parametrize("name", ["standard_webhooks", "slack", "stripe_signature"])
def test_a_moment_outside_the_tolerance_is_refused_on_either_side(name):
    """Five minutes each way; who repeats an old delivery has a true signature of an old moment."""
    scheme, secret, sign = SIGNED[name]
    for seconds, taken in ((-301, False), (-300, True), (300, True), (301, False)):
        verdict = verify(scheme, {"s": secret}, sign(secret, BODY, seconds=SECONDS + seconds), BODY, NOW)
        assert verdict == (Verified() if taken else Refused("timestamp_outside_tolerance"))


@pytest.mark.parametrize("timestamp", ["yesterday", "1e9", "-5", "٣", "9" * 40])
def test_a_moment_that_is_none_is_refused_even_when_it_was_signed(timestamp):
    """The clock is asked only about digits."""
    headers = {**slack("k", BODY, seconds=timestamp)}
    headers["X-Slack-Signature"] = "v0=" + sha256(b"k", b"v0:" + _wire(timestamp) + b":" + BODY).hexdigest()
    assert reason(verify(SLACK, {"s": "k"}, headers, BODY, NOW)) == "timestamp_malformed"


def _wire(text):
    return text.encode("latin-1") if text.isascii() else text.encode()


def test_milliseconds_are_understood():
    """Some sources count them."""
    headers = slack("k", BODY, seconds=SECONDS * 1000)
    assert verify(SLACK, {"s": "k"}, headers, BODY, NOW) == Verified()


def test_braces_in_the_body_are_no_template():
    """Only the scheme's own places are filled."""
    body = b"{timestamp}{body}"
    assert verify(SLACK, {"s": "k"}, slack("k", body), body, NOW) == Verified()


def test_of_several_signatures_one_has_to_fit():
    """As sources sign while they change their secret; versions that are not known are passed over."""
    headers = standard(WHSEC, BODY)
    headers["webhook-signature"] = f"v1a,zzz v1,{'A' * 43}= {headers['webhook-signature']}"
    assert verify(standard_webhooks("s"), {"s": WHSEC}, headers, BODY, NOW) == Verified()
    proof = stripe("k", BODY)["Stripe-Signature"]
    several = {"Stripe-Signature": proof.replace("v1=", f"v0=00,v1={'0' * 64},v1=")}
    assert verify(stripe_signature("s"), {"s": "k"}, several, BODY, NOW) == Verified()


def test_two_moments_in_one_signature_are_refused():
    """Which of them was signed is not to be guessed."""
    headers = {"Stripe-Signature": f"t=1,{stripe('k', BODY)['Stripe-Signature']}"}
    assert reason(verify(stripe_signature("s"), {"s": "k"}, headers, BODY, NOW)) == "timestamp_malformed"


@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_an_hmac_is_spelled_as_its_scheme_says(encoding):
    """Hex in either case, canonical base64, the prefix where it belongs."""
    scheme = hmac_sha256("X-Sig", secret="s", encoding=encoding, prefix="sha256=")
    digest = sha256(b"k", BODY)
    right = digest.hexdigest() if encoding == "hex" else base64.b64encode(digest.digest()).decode()
    wrong = base64.b64encode(digest.digest()).decode() if encoding == "hex" else digest.hexdigest()
    assert verify(scheme, {"s": "k"}, {"x-sig": f"sha256={right}"}, BODY, NOW) == Verified()
    assert reason(verify(scheme, {"s": "k"}, {"x-sig": right}, BODY, NOW)) == "signature_malformed"
    assert reason(verify(scheme, {"s": "k"}, {"x-sig": f"sha256={wrong}"}, BODY, NOW)) == "signature_mismatch"
    if encoding == "hex":
        assert verify(scheme, {"s": "k"}, {"x-sig": f"sha256={right.upper()}"}, BODY, NOW) == Verified()


def test_bearer_and_basic_credentials_are_compared_with_every_live_secret():
    """The user name may be a setting."""
    for token, taken in (("new", True), ("old", True), ("ne", False), ("new ol", False)):
        verdict = verify(bearer("s"), {"s": "new\nold"}, {"Authorization": f"Bearer {token}"}, BODY, NOW)
        assert isinstance(verdict, Verified) is taken
    values = {"user": "levada", "password": "p:w"}
    for pair, taken in (("levada:p:w", True), ("levada:", False), ("other:p:w", False)):
        proof = base64.b64encode(pair.encode()).decode()
        verdict = verify(basic("user", "password"), values, {"authorization": f"basic {proof}"}, BODY, NOW)
        assert isinstance(verdict, Verified) is taken
    assert reason(verify(bearer("s"), {"s": "k"}, {"authorization": "Basic k"}, BODY, NOW)) == "signature_malformed"
    assert reason(verify(bearer("s"), {"s": "k"}, {"authorization": "Bearer"}, BODY, NOW)) == "signature_malformed"


def test_an_unverified_stream_takes_everything():
    """Its reason was shown to the operator."""
    assert verify(unverified(reason="The source cannot sign."), {}, {}, b"", NOW) == Verified()


@given(body=st.binary(), message_id=st.text("abc_123", min_size=1), pause=st.integers(-300, 300))
def test_what_the_runtime_signs_it_takes(body, message_id, pause):
    """Outgoing messages are signed with every live secret, and any one of them verifies."""
    second = "whsec_" + base64.b64encode(b"the second key of the two").decode()
    proof = sign_standard(f"{WHSEC}\n{second}", message_id, SECONDS + pause, body)
    assert len(proof.split()) == 2
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(SECONDS + pause),
        "webhook-signature": proof,
    }
    for secret in (WHSEC, second):
        assert verify(standard_webhooks("s"), {"s": secret}, headers, body, NOW) == Verified()
    later = NOW + timedelta(hours=1)
    assert isinstance(verify(standard_webhooks("s"), {"s": WHSEC}, headers, body, later), Refused)


@pytest.mark.parametrize("secret", ["", "whsec_", "not base64!", f"{WHSEC}\nnot base64!"])
def test_nothing_is_signed_with_a_secret_that_is_none(secret):
    """And the message does not tell the secret."""
    with pytest.raises(ValueError, match="must be base64") as refused:
        sign_standard(secret, "msg_1", SECONDS, BODY)
    assert "not base64!" not in str(refused.value)
