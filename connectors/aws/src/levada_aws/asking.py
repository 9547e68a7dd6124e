"""How AWS is asked: which host answers, what a request is signed for, page after page, and what a refusal means."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element

from levada import (
    AuthFailed,
    ConnectorMistake,
    Http,
    RateLimited,
    Response,
    SourceRefused,
    SourceUnavailable,
    aws_scope,
)
from levada_aws.markup import each, parsed, value
from levada_aws.regions import HOME, REGIONS, host_of

VERSIONS = {"ec2": "2016-11-15", "iam": "2010-05-08", "sts": "2011-06-15"}
THROTTLED = (
    "RequestLimitExceeded", "RequestThrottled", "SlowDown", "Throttling", "ThrottlingException",
    "TooManyRequestsException",
)  # fmt: skip
REFUSED = (
    "AccessDenied", "AccessDeniedException", "AuthFailure", "ExpiredToken", "ExpiredTokenException",
    "InvalidAccessKeyId", "InvalidClientTokenId", "OptInRequired", "RequestExpired", "SignatureDoesNotMatch",
    "UnauthorizedOperation", "UnrecognizedClientException",
)  # fmt: skip
NOT_FOUND = 404
FORBIDDEN = 403
UNAUTHORIZED = 401
SERVER_ERROR = 500


class Aws:
    """An account, asked through one key."""

    def __init__(self, http: Http, settings: Mapping[str, Any]) -> None:
        self.http = http
        self.endpoint = (settings.get("endpoint") or "").rstrip("/")
        self.chosen = (settings.get("regions") or "").replace(",", " ").split()

    def account(self) -> str:
        """Return the number of the account that the key belongs to."""
        found = value(self.query("sts", HOME, "GetCallerIdentity"), "GetCallerIdentityResult/Account")
        if found is None:
            raise SourceUnavailable("AWS did not say which account the key belongs to")
        return found

    def regions(self) -> list[str]:
        """Return the regions to read: those in the settings, else all that the account has enabled."""
        unknown = [region for region in self.chosen if region not in REGIONS]
        if unknown:
            raise ConnectorMistake(f"the setting regions names {', '.join(unknown)}: known are {', '.join(REGIONS)}")
        if self.chosen:
            return self.chosen
        found = each(self.query("ec2", HOME, "DescribeRegions"), "regionInfo/item")
        enabled = [one for one in found if value(one, "optInStatus") != "not-opted-in"]
        return [name for one in enabled if (name := value(one, "regionName")) in REGIONS]

    def query(self, service: str, region: str, action: str, **params: Any) -> Element:
        """Ask one of the services that answer in XML for an action."""
        wanted = {"Action": action, "Version": VERSIONS[service], **params}
        return parsed(checked(self.get(service, region, "/", wanted), action, region).content, f"{action}Response")

    def described(self, region: str, action: str, path: str) -> Iterator[Element]:
        """Yield everything that an action of EC2 lists."""
        token = None
        while True:
            page = self.query("ec2", region, action, MaxResults=500, NextToken=token)
            yield from each(page, path)
            token = following(value(page, "nextToken"), token)
            if token is None:
                return

    def get(self, service: str, region: str, path: str, params: Mapping[str, Any] | None = None) -> Response:
        """Ask a service; every answer is returned."""
        base = self.endpoint or f"https://{host_of(service, region)}"
        return self.http.get(base + quote(path), params=params, headers=aws_scope(service, region))


def following(token: str | None, before: str | None) -> str | None:
    """Return the token of the next page. Raises SourceUnavailable when it is that of the page itself."""
    if token is not None and token == before:
        raise SourceUnavailable("AWS names a page as its own next one")
    return token


def checked(answer: Response, action: str, region: str) -> Response:
    """Return the answer if it is one of success; raise what follows from the code that AWS gives otherwise."""
    if answer.ok:
        return answer
    code, message = refusal(answer)
    told = (
        f"AWS answered {answer.status} to {action} in {region}: {code or 'no code'}{f': {message}' if message else ''}"
    )
    if code in THROTTLED:
        raise RateLimited(told)
    if code in REFUSED or answer.status in (UNAUTHORIZED, FORBIDDEN):
        raise AuthFailed(told)
    if answer.status >= SERVER_ERROR:
        raise SourceUnavailable(told)
    raise SourceRefused(told)


def refusal(answer: Response) -> tuple[str | None, str | None]:
    """Return the code and message of an answer that is none of success, as far as it has any."""
    if answer.content[:1] == b"<":
        try:
            body = parsed(answer.content)
        except SourceUnavailable:
            return None, None
        places = ("", "Error/", "Errors/Error/")
        found = [(value(body, f"{place}Code"), value(body, f"{place}Message")) for place in places]
        return next((one for one in found if one[0]), (None, None))
    kind = answer.headers.get("x-amzn-ErrorType", "").partition(":")[0]
    try:
        body = json.loads(answer.content)
    except ValueError:
        return kind or None, None
    told = body if isinstance(body, dict) else {}
    return kind or told.get("__type"), told.get("message") or told.get("Message")
