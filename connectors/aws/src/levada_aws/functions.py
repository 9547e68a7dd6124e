"""What runs without a host: a region's Lambda functions. What stands in their environment is not taken."""

from collections.abc import Iterator
from typing import Any

from levada import Snapshot
from levada_aws.asking import Aws, checked, following
from levada_aws.things import account, ec2_arn, thing

PATH = "/2015-03-31/functions/"


def read_functions(aws: Aws, number: str, region: str, snapshot: Snapshot) -> None:
    """Ask for all of them."""
    owner = account(number)
    snapshot.add([owner])
    for row in listed(aws, region):
        function = thing("aws_function", row["FunctionArn"], row["FunctionName"], properties_of(row, region))
        snapshot.add([function])
        snapshot.relationship(owner, "HAS", function)
        if row.get("Role"):
            snapshot.relationship(function, "USES", ("aws_role", row["Role"]))
        network = row.get("VpcConfig") or {}
        for subnet_id in network.get("SubnetIds") or []:
            subnet = ("aws_subnet", ec2_arn(region, number, "subnet", subnet_id))
            snapshot.relationship(subnet, "CONTAINS", function)
        for group_id in network.get("SecurityGroupIds") or []:
            group = ("aws_security_group", ec2_arn(region, number, "security-group", group_id))
            snapshot.relationship(group, "PROTECTS", function)


def listed(aws: Aws, region: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of the list."""
    marker = None
    while True:
        params = {"MaxItems": 50, "Marker": marker}
        page = checked(aws.get("lambda", region, PATH, params), "ListFunctions", region).json
        yield from page.get("Functions") or []
        marker = following(page.get("NextMarker") or None, marker)
        if marker is None:
            return


def properties_of(row: dict[str, Any], region: str) -> dict[str, Any]:
    """Return what is written of a function."""
    return {
        "region": region,
        "description": row.get("Description") or None,
        "runtime": row.get("Runtime"),
        "handler": row.get("Handler"),
        "package_type": row.get("PackageType"),
        "architectures": row.get("Architectures"),
        "memory_mb": row.get("MemorySize"),
        "timeout_s": row.get("Timeout"),
        "code_bytes": row.get("CodeSize"),
        "code_sha256": row.get("CodeSha256"),
        "modified_at": row.get("LastModified"),
        "layers": sorted(one["Arn"] for one in row.get("Layers") or []),
    }
