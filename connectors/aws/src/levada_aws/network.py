"""Networks and what runs in them: a region's VPCs, subnets, security groups and instances."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from levada import Entity, Snapshot
from levada_aws.asking import Aws
from levada_aws.markup import each, flag, value, values
from levada_aws.things import account, ec2_arn, spelled, tags_of, thing

GONE = "terminated"
"""How an instance is listed for about an hour after it has gone."""


class Network:
    """What one region holds. The parts of a network may belong to other accounts that share them with this one."""

    def __init__(self, number: str, region: str, snapshot: Snapshot) -> None:
        self.number = number
        self.region = region
        self.snapshot = snapshot
        self.owner = account(number)
        self.keys: dict[str, str] = {}

    def read(self, aws: Aws) -> None:
        """Ask for everything, from the outside in."""
        self.snapshot.add([self.owner])
        for row in aws.described(self.region, "DescribeVpcs", "vpcSet/item"):
            self.take_vpc(row)
        for row in aws.described(self.region, "DescribeSubnets", "subnetSet/item"):
            self.take_subnet(row)
        groups = list(aws.described(self.region, "DescribeSecurityGroups", "securityGroupInfo/item"))
        for row in groups:
            self.take_group(row)
        for row in groups:
            self.take_rules(row)
        for reservation in aws.described(self.region, "DescribeInstances", "reservationSet/item"):
            for row in each(reservation, "instancesSet/item"):
                self.take_instance(row, value(reservation, "ownerId") or self.number)

    def take_vpc(self, row: Element) -> None:
        vpc = self.kept("aws_vpc", "vpc", row, "vpcId", {
            "vpc_id": value(row, "vpcId"),
            "state": value(row, "state"),
            "cidr_blocks": values(row, "cidrBlockAssociationSet/item/cidrBlock") or values(row, "cidrBlock"),
            "is_default": flag(row, "isDefault"),
        })  # fmt: skip
        if value(row, "ownerId") in (None, self.number):
            self.snapshot.relationship(self.owner, "HAS", vpc)

    def take_subnet(self, row: Element) -> None:
        subnet = self.kept("aws_subnet", "subnet", row, "subnetId", {
            "subnet_id": value(row, "subnetId"),
            "state": value(row, "state"),
            "cidr_block": value(row, "cidrBlock"),
            "availability_zone": value(row, "availabilityZone"),
            "gives_public_addresses": flag(row, "mapPublicIpOnLaunch"),
        })  # fmt: skip
        self.relate("aws_vpc", "vpc", value(row, "vpcId"), "CONTAINS", subnet)

    def take_group(self, row: Element) -> None:
        group = self.kept("aws_security_group", "security-group", row, "groupId", {
            "group_id": value(row, "groupId"),
            "description": value(row, "groupDescription"),
            "ingress": rules_of(row, "ipPermissions"),
            "egress": rules_of(row, "ipPermissionsEgress"),
        }, value(row, "groupName"))  # fmt: skip
        self.relate("aws_vpc", "vpc", value(row, "vpcId"), "CONTAINS", group)

    def take_rules(self, row: Element) -> None:
        """Relate a group to those that it lets in, with the ports that it opens to each."""
        ports: dict[str, list[str]] = {}
        for rule in each(row, "ipPermissions/item"):
            for group_id in values(rule, "groups/item/groupId"):
                ports.setdefault(group_id, []).append(ports_of(rule))
        group = ("aws_security_group", self.keys[value(row, "groupId") or ""])
        for group_id, opened in ports.items():
            if group_id in self.keys:
                other = ("aws_security_group", self.keys[group_id])
                self.snapshot.relationship(group, "ALLOWS", other, {"ports": sorted(set(opened))})

    def take_instance(self, row: Element, owner: str) -> None:
        if value(row, "instanceState/name") == GONE:
            return
        instance = self.kept("aws_instance", "instance", row, "instanceId", {
            "instance_id": value(row, "instanceId"),
            "state": value(row, "instanceState/name"),
            "type": value(row, "instanceType"),
            "image_id": value(row, "imageId"),
            "architecture": value(row, "architecture"),
            "availability_zone": value(row, "placement/availabilityZone"),
            "private_address": value(row, "privateIpAddress"),
            "public_address": value(row, "ipAddress"),
            "public_name": value(row, "dnsName"),
            "key_name": value(row, "keyName"),
            "metadata_tokens": value(row, "metadataOptions/httpTokens"),
            "launched_at": value(row, "launchTime"),
        }, owner=owner)  # fmt: skip
        subnet_id = value(row, "subnetId")
        if subnet_id is None:
            self.snapshot.relationship(self.owner, "HAS", instance)
        self.relate("aws_subnet", "subnet", subnet_id, "CONTAINS", instance)
        for group_id in values(row, "groupSet/item/groupId"):
            self.relate("aws_security_group", "security-group", group_id, "PROTECTS", instance)
        profile = value(row, "iamInstanceProfile/arn")
        if profile is not None:
            self.snapshot.relationship(instance, "USES", ("aws_instance_profile", profile))

    def kept(
        self,
        kind: str,
        resource: str,
        row: Element,
        named: str,
        properties: Mapping[str, object],
        name: str | None = None,
        owner: str | None = None,
    ) -> Entity:
        """Keep a thing under its ARN, by which others find it; its tag `Name` is what it is shown by."""
        own_id = value(row, named) or ""
        self.keys[own_id] = ec2_arn(self.region, owner or value(row, "ownerId") or self.number, resource, own_id)
        tags = tags_of(row)
        shown = tags.get("Name") or name or own_id
        entity = thing(kind, self.keys[own_id], shown, {**properties, "region": self.region, "tags": spelled(tags)})
        self.snapshot.add([entity])
        return entity

    def relate(self, kind: str, resource: str, own_id: str | None, verb: str, to: Entity) -> None:
        """Relate what has this id to an entity; what was not listed is taken for the account's own."""
        if own_id is not None:
            key = self.keys.get(own_id) or ec2_arn(self.region, self.number, resource, own_id)
            self.snapshot.relationship((kind, key), verb, to)


def rules_of(group: Element, path: str) -> list[str]:
    """Return a group's rules as texts, such as `tcp 443 0.0.0.0/0`."""
    places = (
        "ipRanges/item/cidrIp",
        "ipv6Ranges/item/cidrIpv6",
        "groups/item/groupId",
        "prefixListIds/item/prefixListId",
    )
    return sorted(
        f"{ports_of(rule)} {place}"
        for rule in each(group, f"{path}/item")
        for where in places
        for place in values(rule, where)
    )


def ports_of(rule: Element) -> str:
    """Return what a rule opens: `tcp 443`, `udp 1-1024`, `icmp`, or `all`."""
    protocol, first, last = value(rule, "ipProtocol"), value(rule, "fromPort"), value(rule, "toPort")
    if protocol == "-1":
        return "all"
    if first is None or protocol not in ("tcp", "udp", "6", "17"):
        return protocol or "all"
    return f"{protocol} {first}" if first == last else f"{protocol} {first}-{last}"
