"""Where data lies: an account's S3 buckets."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from levada import Response, Snapshot
from levada_aws.asking import FORBIDDEN, NOT_FOUND, Aws, checked, following, refusal
from levada_aws.markup import each, parsed, value
from levada_aws.regions import HOME, REGIONS
from levada_aws.things import account, thing

PUBLIC = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
OLD_NAMES = {"EU": "eu-west-1"}


def read_buckets(aws: Aws, number: str, snapshot: Snapshot, *, details: bool) -> None:
    """Ask for the list, and with `details` for what is set at each bucket."""
    owner = account(number)
    snapshot.add([owner])
    for row in listed(aws):
        name = value(row, "Name") or ""
        region = value(row, "BucketRegion") or region_of(aws, name)
        if region is None:
            continue
        more = settings_of(aws, name, region) if details and region in REGIONS else {}
        properties = {"region": region, "created_at": value(row, "CreationDate"), **more}
        bucket = thing("aws_bucket", f"arn:aws:s3:::{name}", name, properties)
        snapshot.add([bucket])
        snapshot.relationship(owner, "HAS", bucket)


def listed(aws: Aws) -> Iterator[Element]:
    """Yield the rows of the list."""
    token = None
    while True:
        params = {"max-buckets": 1000, "continuation-token": token}
        page = parsed(checked(aws.get("s3", HOME, "/", params), "ListBuckets", HOME).content, "ListAllMyBucketsResult")
        yield from each(page, "Buckets/Bucket")
        token = following(value(page, "ContinuationToken"), token)
        if token is None:
            return


def region_of(aws: Aws, name: str) -> str | None:
    """Return where a bucket lies, when the list does not say; None when it has gone meanwhile."""
    answer = aws.get("s3", HOME, f"/{name}", {"location": ""})
    if answer.status == NOT_FOUND:
        return None
    said = parsed(checked(answer, "GetBucketLocation", HOME).content).text or HOME
    return OLD_NAMES.get(said, said)


def settings_of(aws: Aws, name: str, region: str) -> dict[str, object]:
    """Return what is set at a bucket; what the key may not read, or is not set, is left out."""
    versioning = setting(aws, name, region, "versioning", "GetBucketVersioning")
    encryption = setting(aws, name, region, "encryption", "GetBucketEncryption")
    public = setting(aws, name, region, "publicAccessBlock", "GetPublicAccessBlock")
    rule = "Rule/ApplyServerSideEncryptionByDefault/SSEAlgorithm"
    return {
        "versioning": None if versioning is None else (value(versioning, "Status") or "Never"),
        "encryption": None if encryption is None else value(encryption, rule),
        "blocks_public_access": None if public is None else all(value(public, one) == "true" for one in PUBLIC),
    }


def setting(aws: Aws, name: str, region: str, what: str, action: str) -> Element | None:
    """Return what is set, None when nothing is or it may not be read."""
    answer = aws.get("s3", region, f"/{name}", {what: ""})
    return None if is_kept_back(answer) else parsed(checked(answer, action, region).content)


def is_kept_back(answer: Response) -> bool:
    """Tell whether a bucket's own policy keeps its settings back, or there are none."""
    return answer.status == NOT_FOUND or (answer.status == FORBIDDEN and refusal(answer)[0] == "AccessDenied")
