"""AWS: networks, instances, IAM, S3 buckets and Lambda functions of an account, into the entity graph.

Every stream hands over all there is as a snapshot, one scope for an account's region (or for the account, where a
service has no regions): what was created, changed or deleted at AWS is so here after the next poll, and a
region that could not be read is left as it was. Requests are signed by the runtime; the key never comes here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from levada import (
    AuthFailed,
    Checkpoint,
    Connector,
    Graph,
    Http,
    Log,
    Snapshot,
    aws_sigv4,
    boolean,
    from_setting,
    secret,
    text,
    url,
)
from levada_aws.asking import Aws
from levada_aws.functions import read_functions
from levada_aws.identity import read_identity
from levada_aws.network import Network
from levada_aws.regions import HOSTS
from levada_aws.storage import read_buckets

connector = Connector(
    "aws",
    title="AWS",
    hosts=[from_setting("endpoint"), *HOSTS],
    auth=aws_sigv4(
        "access_key_id",
        "secret_access_key",
        session_token="session_token",  # noqa: S106 - the name of a setting
        services=["ec2", "iam", "lambda", "s3", "sts"],
    ),
    settings=[
        secret("access_key_id", title="Access key id", help="Of a user or role that may read, and nothing else."),
        secret("secret_access_key", title="Secret access key"),
        secret("session_token", title="Session token", help="Only of temporary keys.", required=False),
        text(
            "regions",
            title="Regions",
            help="Which regions to read, such as eu-west-1, us-east-1; empty for all that the account has enabled.",
            required=False,
        ),
        boolean(
            "bucket_details",
            title="Settings of buckets",
            help="Also ask for versioning, encryption and public access, which takes three requests a bucket.",
            default=True,
        ),
        url(
            "endpoint",
            title="Endpoint",
            help="Where everything is asked instead of at AWS; only for a proxy or a test.",
            required=False,
        ),
    ],
)


@connector.check
def check(http: Http, settings: Mapping[str, Any]) -> None:
    """AWS accepts the key, and the regions in the settings are regions."""
    aws = Aws(http, settings)
    aws.account()
    aws.regions()


@connector.poll("network", every="H/30 * * * *", emits=())
def network(http: Http, graph: Graph, checkpoint: Checkpoint, settings: Mapping[str, Any], log: Log) -> None:
    """VPCs, subnets, security groups and instances of each region."""
    aws = Aws(http, settings)
    sweep(aws, graph, checkpoint, log, lambda number, region, snapshot: Network(number, region, snapshot).read(aws))


@connector.poll("functions", every="H/30 * * * *", emits=())
def functions(http: Http, graph: Graph, checkpoint: Checkpoint, settings: Mapping[str, Any], log: Log) -> None:
    """Lambda functions of each region, with the roles and networks that they use."""
    aws = Aws(http, settings)
    sweep(aws, graph, checkpoint, log, lambda *place: read_functions(aws, *place))


@connector.poll("identity", every="H * * * *", emits=())
def identity(http: Http, graph: Graph, checkpoint: Checkpoint, settings: Mapping[str, Any], log: Log) -> None:
    """IAM users, groups, roles and policies, and who is assigned and trusts what."""
    aws = Aws(http, settings)
    number = aws.account()
    with graph.snapshot(scope=number) as snapshot:
        read_identity(aws, number, snapshot)
    forget(graph, checkpoint, log, [number])


@connector.poll("buckets", every="H * * * *", emits=())
def buckets(http: Http, graph: Graph, checkpoint: Checkpoint, settings: Mapping[str, Any], log: Log) -> None:
    """S3 buckets, with their regions and what is set at each."""
    aws = Aws(http, settings)
    number = aws.account()
    with graph.snapshot(scope=number) as snapshot:
        read_buckets(aws, number, snapshot, details=settings["bucket_details"])
    forget(graph, checkpoint, log, [number])


def sweep(aws: Aws, graph: Graph, checkpoint: Checkpoint, log: Log, read: Callable[[str, str, Snapshot], None]) -> None:
    """Read region after region, each committed by itself; those that the key may not read are told of at the end."""
    number = aws.account()
    refused: list[str] = []
    scopes: list[str] = []
    for region in aws.regions():
        scope = f"{number}/{region}"
        scopes.append(scope)
        try:
            with graph.snapshot(scope=scope) as snapshot:
                read(number, region, snapshot)
        except AuthFailed as refusal:
            log.warning("a region could not be read, and stays as it was", region=region, reason=refusal.message)
            refused.append(refusal.message)
            continue
        checkpoint.save(scopes=sorted({*checkpoint.get("scopes", []), scope}))
    forget(graph, checkpoint, log, scopes)
    if refused:
        raise AuthFailed(f"{refused[0]} (regions refused: {len(refused)}; the setting regions names those to read)")


def forget(graph: Graph, checkpoint: Checkpoint, log: Log, scopes: list[str]) -> None:
    """Take back what was said of a region or an account that is not read any longer."""
    for scope in checkpoint.get("scopes", []):
        if scope not in scopes:
            log.info("no longer read: what was said of it is taken back", scope=scope)
            graph.sync([], [], scope=scope)
    checkpoint.save(scopes=sorted(scopes))
