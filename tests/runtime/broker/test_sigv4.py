"""Requests signed as AWS asks for it: AWS's own examples, and what arrives at a source checked by AWS's own library."""

import hashlib
import string
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from levada import (
    AuthFailed,
    ConnectorMistake,
    Forbidden,
    HttpRequest,
    InvalidDefinition,
    aws_scope,
    aws_sigv4,
    from_setting,
    secret,
    url,
)
from levada_runtime.outbound import Target, parse_url
from levada_runtime.sandbox.broker.sigv4 import Keys, Scope, authorization, canonical_request, spelled

NOTHING = hashlib.sha256(b"").hexdigest()
SUITE = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
S3 = Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthA"
    "x7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9"
    "q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)
UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
NOW = datetime(2026, 10, 1, 12, 30, 5, tzinfo=UTC)
AUTH = aws_sigv4("key_id", "key", session_token="token", services=["ec2", "s3", "lambda"])
SECRETS = {"key_id": "AKIDEXAMPLE", "key": "s3cret/with+signs"}


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "body", "signature"),
    [
        ("GET", "/", "", [], b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("GET", "/", "Param2=value2&Param1=value1", [], b"",
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        ("GET", f"/{UNRESERVED}", "", [], b"", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
        ("GET", "/ሴ", "", [], b"", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        ("GET", "/./", "", [], b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("GET", "/example1/example2/../..", "", [], b"",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "/", "", [], b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ("POST", "/", "", [FORM], b"Param1=value1",
         "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
        ("POST", "/", "", [("X-Amz-Security-Token", TOKEN)], b"",
         "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
    ],
    ids=["vanilla", "query", "unreserved", "utf8", "dots", "relative", "post", "form", "token"],
)  # fmt: skip
def test_the_signatures_of_the_published_test_suite(method, path, query, headers, body, signature):
    """AWS's suite for version 4: the same request gives the same signature."""
    target = Target("https", "example.amazonaws.com", 443, path, query)
    stamp = "20150830T123600Z"
    signed = [("Host", target.place), ("X-Amz-Date", stamp), *headers]
    payload = hashlib.sha256(body).hexdigest()
    said = authorization(method, target, signed, payload, SUITE, Scope("us-east-1", "service"), stamp)
    assert said.startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ")
    assert said.endswith(f", Signature={signature}")


@pytest.mark.parametrize(
    ("method", "rest", "headers", "body", "signature"),
    [
        ("GET", "/test.txt", [("Range", "bytes=0-9")], b"",
         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        ("PUT", "/test$file.text",
         [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
         b"Welcome to Amazon S3.", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        ("GET", "/?lifecycle", [], b"", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("GET", "/?max-keys=2&prefix=J", [], b"", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
    ids=["object", "put", "lifecycle", "list"],
)  # fmt: skip
def test_the_signatures_of_the_examples_for_s3(method, rest, headers, body, signature):
    """S3's documentation signs the hash of the body as a header, and takes a key's path as it is."""
    target = parse_url(f"https://examplebucket.s3.amazonaws.com{rest}")
    stamp, payload = "20130524T000000Z", hashlib.sha256(body).hexdigest()
    signed = [("Host", target.place), ("x-amz-content-sha256", payload), ("x-amz-date", stamp), *headers]
    said = authorization(method, target, signed, payload, S3, Scope("us-east-1", "s3"), stamp)
    assert said.endswith(f", Signature={signature}")


def test_the_canonical_request_of_the_documentation():
    """The example that AWS's guide takes apart, line by line."""
    target = parse_url("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08")
    stamp = "20150830T123600Z"
    headers = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"), ("Host", target.place)]
    text, names = canonical_request("GET", target, [*headers, ("X-Amz-Date", stamp)], NOTHING, "iam")
    assert hashlib.sha256(text.encode()).hexdigest() == (
        "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"
    )
    assert names == "content-type;host;x-amz-date"


def test_two_values_of_a_header_and_its_spaces_are_one_line():
    """In the order in which they are sent, each without what stands around it."""
    headers = [("My-Header", "  a   b "), ("my-header", "c")]
    assert canonical_request("GET", parse_url("https://a.test"), headers, NOTHING, "ec2")[0].split("\n")[3] == (
        "my-header:a b,c"
    )


def test_a_url_is_spelled_one_way():
    """What is already escaped stays so, a plus in the query is a space, and a slash in a segment stays one."""
    assert str(spelled(parse_url("https://a.test/f:x/a%2Fb/c$?q=a+b%2B&r&s=é=1"))) == (
        "https://a.test/f%3Ax/a%2Fb/c%24?q=a%20b%2B&r&s=%C3%A9%3D1"
    )


def checked(arrived, place, keys, service, region):
    """Return the signature that AWS's own library makes of a request as it arrived."""
    method, path, headers, body = arrived
    lower = {name.lower(): value for name, value in headers.items()}
    names = lower["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    request = AWSRequest(method, f"http://{place}{path}", {name: lower[name] for name in names}, body)
    request.context |= {"timestamp": lower["x-amz-date"], "payload_signing_enabled": True}
    signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(keys, service, region)
    canonical = signer.canonical_request(request)
    return signer.signature(signer.string_to_sign(request, canonical), request)


@pytest.fixture
def new_signing(new_broker):
    """Returns what makes a broker that signs, at a time that stands still."""

    def make(secrets=None, more=(), **how):
        return new_broker(
            auth=AUTH,
            settings=[secret("key_id"), secret("token", required=False), *more],
            secrets=SECRETS | (secrets or {}),
            now=lambda: NOW,
            **how,
        )

    return make


PATHS = st.lists(st.text(st.sampled_from(string.ascii_letters + " /:%$+é~._-@"), min_size=1), max_size=3)
PARAMS = st.lists(st.tuples(st.text("aZ0-+ é&=/", min_size=1), st.text("aZ0~+ é&=/%")), max_size=4)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]), path=PATHS, params=PARAMS, body=st.binary(max_size=99),
    service=st.sampled_from(["ec2", "s3"]), token=st.booleans(),
)  # fmt: skip
@example(method="GET", path=["."], params=[], body=b"", service="ec2", token=False)
@example(method="GET", path=["b", "..", "c", ".."], params=[], body=b"", service="ec2", token=False)
@example(method="GET", path=[".", "b", "/"], params=[], body=b"", service="ec2", token=False)
def test_what_arrives_is_what_was_signed(new_signing, source, method, path, params, body, service, token):
    """Whatever path, parameters and body a route names: AWS's own library makes the same signature of what came."""
    source.fallback = (200, [], b"")
    broker = new_signing({"token": "a/token+of+sts=="} if token else None)
    headers = {"Content-Type": "text/plain;  charset=utf-8", "X-Amz-Target": "Some.Thing"}
    asked = aws_scope(service, "eu-west-1") | headers
    place = "/a/" + "/".join(part.replace("%", "%25") for part in path)
    broker.request(HttpRequest(method, place, tuple(params), tuple(asked.items()), body or None))
    arrived = source.seen[-1]
    keys = Credentials(SECRETS["key_id"], SECRETS["key"], "a/token+of+sts==" if token else None)
    assert arrived[2]["Authorization"].endswith(checked(arrived, source.place, keys, service, "eu-west-1"))
    assert arrived[2]["X-Amz-Content-Sha256"] == hashlib.sha256(arrived[3]).hexdigest()
    assert ("X-Amz-Security-Token" in arrived[2]) == token
    assert "Levada" not in str(arrived[2])
    assert SECRETS["key"] not in str(arrived)


def test_another_key_or_another_body_makes_another_signature(new_signing, source):
    """The check above tells a wrong one from a right one."""
    source.fallback = (200, [], b"")
    new_signing().request(HttpRequest("PUT", "/a", (), tuple(aws_scope("s3", "eu-west-1").items()), b"body"))
    method, path, headers, body = source.seen[-1]
    right = Credentials(SECRETS["key_id"], SECRETS["key"])
    said = headers["Authorization"]
    assert said.endswith(checked(source.seen[-1], source.place, right, "s3", "eu-west-1"))
    wrong = Credentials(SECRETS["key_id"], "another")
    assert not said.endswith(checked(source.seen[-1], source.place, wrong, "s3", "eu-west-1"))
    forged = (method, path, headers | {"X-Amz-Content-Sha256": NOTHING}, body)
    assert not said.endswith(checked(forged, source.place, right, "s3", "eu-west-1"))


def test_a_retry_is_signed_anew(new_broker, source):
    """A signature is good for minutes, and a wait may be longer."""
    minutes = count()
    source.says("/a", 503, 200)
    broker = new_broker(
        auth=aws_sigv4("key_id", "key", services=["ec2"]), settings=[secret("key_id")], secrets=SECRETS,
        now=lambda: NOW + timedelta(minutes=next(minutes)),
    )  # fmt: skip
    broker.request(HttpRequest("GET", "/a", headers=tuple(aws_scope("ec2", "eu-west-1").items())))
    first, second = (seen[2]["X-Amz-Date"] for seen in source.seen)
    assert first != second


@pytest.mark.parametrize("elsewhere", [False, True])
def test_where_a_redirect_leads_goes_unsigned(new_signing, source, new_source, elsewhere):
    """The same source, or another that is declared too: neither has a say in what the key is used for."""
    other = new_source() if elsewhere else source
    source.says("/a", (307, {"Location": f"{other.url}/b"}))
    other.says("/b", 200)
    broker = new_signing(
        hosts=[from_setting("api_base"), from_setting("other")],
        more=[url("other")],
        values={"other": other.url},
        allow=[other.place],
    )
    scope = tuple(aws_scope("ec2", "eu-west-1").items())
    assert broker.request(HttpRequest("GET", "/a", headers=scope)).ok
    assert "Authorization" in source.seen[0][2]
    assert other.seen[-1][1] == "/b"
    assert not {"authorization", "x-amz-date", "x-amz-security-token"} & {name.lower() for name in other.seen[-1][2]}
    assert "Levada" not in str(other.seen[-1][2])


@pytest.mark.parametrize(
    ("headers", "error", "said"),
    [
        ({}, ConnectorMistake, r"headers=aws_scope\(service, region\)"),
        ({"Levada-AWS-Scope": "ec2"}, ConnectorMistake, "which service and region"),
        ({"Levada-AWS-Scope": "eu-west-1/ec2/s3"}, ConnectorMistake, "which service and region"),
        (aws_scope("secretsmanager", "eu-west-1"), Forbidden, r"secretsmanager.*declared: ec2, s3, lambda"),
    ],
)
def test_nothing_is_signed_for_what_is_not_said_or_not_declared(new_signing, source, headers, error, said):
    """And nothing is sent."""
    with pytest.raises(error, match=said):
        new_signing().request(HttpRequest("GET", "/a", headers=tuple(headers.items())))
    assert source.seen == []


def test_a_missing_key_is_named_and_a_missing_token_is_none(new_broker, source):
    """The token belongs to temporary keys alone."""
    scope = tuple(aws_scope("ec2", "eu-west-1").items())
    declared = [secret("key_id"), secret("token", required=False)]
    with pytest.raises(AuthFailed, match="key_id"):
        new_broker(auth=AUTH, settings=declared, secrets={"key": "x"}).request(HttpRequest("GET", "/a", headers=scope))
    assert source.seen == []


def test_keys_that_are_optional_and_unset_sign_nothing(new_broker, source):
    """The source is asked without, and the runtime's own header stays here."""
    source.says("/a", 200)
    auth = aws_sigv4("maybe_id", "maybe", services=["s3"])
    declared = [secret("maybe_id", required=False), secret("maybe", required=False)]
    broker = new_broker(auth=auth, settings=declared)
    broker.request(HttpRequest("GET", "/a", headers=tuple(aws_scope("s3", "eu-west-1").items())))
    assert not {"Authorization", "Levada-AWS-Scope"} & set(source.seen[0][2])


def test_a_refusal_that_repeats_what_was_signed_holds_no_secret(new_signing, source):
    """AWS answers a wrong signature with the text that it made of the request, session token and all."""
    token = "a/token+of+sts=="
    echo = f"<Error><CanonicalRequest>GET / x-amz-security-token:{token}</CanonicalRequest></Error>"
    source.answers["/a"] = [(403, [], echo.encode())]
    scope = tuple(aws_scope("ec2", "eu-west-1").items())
    answer = new_signing({"token": token}).request(HttpRequest("GET", "/a", headers=scope))
    assert token not in answer.text
    assert "x-amz-security-token:***" in answer.text


def test_a_recording_keeps_the_scope_and_nothing_of_the_signature(new_signing, source):
    """It is played without keys, and read by people."""
    source.says("/a", 200)
    broker = new_signing({"token": "a/token+of+sts=="}, recording=True)
    broker.request(HttpRequest("GET", "/a", headers=tuple(aws_scope("ec2", "eu-west-1").items())))
    (kept,) = broker.tape.take()
    assert b"eu-west-1/ec2" in kept
    for taboo in (b"Signature", b"X-Amz", b"AKIDEXAMPLE", b"a/token"):
        assert taboo not in kept


@pytest.mark.parametrize("secrets", [{"key_id": "AKID\r\nX: y"}, {"token": "to\nken"}])
def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(new_signing, secrets):
    """As with every other scheme."""
    with pytest.raises(AuthFailed, match="line break") as refused:
        new_signing(secrets).request(HttpRequest("GET", "/", headers=tuple(aws_scope("s3", "a").items())))
    assert "AKID" not in str(refused.value)


@pytest.mark.parametrize("services", [[], ["EC2"], "ec2", ["a b"]])
def test_a_scheme_names_what_it_signs_for(services):
    """At least one service, as AWS spells it."""
    with pytest.raises(InvalidDefinition, match="services lists"):
        aws_sigv4("id", "key", services=services)


@pytest.mark.parametrize(("service", "region"), [("ec2", ""), ("EC2", "eu-west-1"), ("ec2", "eu-west-1/s3")])
def test_a_scope_is_a_service_and_a_region(service, region):
    """A route learns of a slip where it is made."""
    with pytest.raises(ConnectorMistake, match="a service and a region"):
        aws_scope(service, region)
