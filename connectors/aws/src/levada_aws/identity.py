"""Who may do what: an account's users, groups, roles and policies, all from the listing that AWS keeps for audits."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from levada import Entity, Snapshot
from levada_aws.asking import Aws, following
from levada_aws.markup import each, value, values
from levada_aws.regions import HOME
from levada_aws.things import Ref, account, spelled, tags_of, thing

WANTED = ("User", "Group", "Role", "LocalManagedPolicy")
OF_AWS = "arn:aws:iam::aws:policy/"


class Identity:
    """What the listing comes to."""

    def __init__(self, number: str, alias: str | None, snapshot: Snapshot) -> None:
        self.owner = account(number, name=alias, alias=alias)
        self.snapshot = snapshot
        self.found: set[Ref] = set()
        self.groups: dict[str, Ref] = {}
        self.members: list[tuple[Ref, str]] = []
        self.trusted: list[tuple[Ref, str]] = []

    def read(self, pages: Iterator[Element]) -> None:
        """Take page after page; what they say of one another is related when all are there."""
        self.snapshot.add([self.owner])
        for page in pages:
            for row in each(page, "UserDetailList/member"):
                user = self.take("aws_user", row, "User", inline="UserPolicyList")
                self.members += [(user, name) for name in values(row, "GroupList/member")]
            for row in each(page, "GroupDetailList/member"):
                group = self.take("aws_group", row, "Group", inline="GroupPolicyList")
                self.groups[value(row, "GroupName") or ""] = group
            for row in each(page, "RoleDetailList/member"):
                self.take_role(row)
            for row in each(page, "Policies/member"):
                self.take_policy(row)
        self.relate()

    def take(self, kind: str, row: Element, word: str, inline: str, **more: Any) -> Ref:
        """Take a user, group or role, with the policies that it is assigned."""
        properties = {
            "id": value(row, f"{word}Id"),
            "path": value(row, "Path"),
            "created_at": value(row, "CreateDate"),
            "inline_policies": values(row, f"{inline}/member/PolicyName"),
            "boundary": value(row, "PermissionsBoundary/PermissionsBoundaryArn"),
            "tags": spelled(tags_of(row, "Tags/member", "Key", "Value")),
            **more,
        }
        entity = self.keep(thing(kind, value(row, "Arn") or "", value(row, f"{word}Name"), properties))
        for attached in each(row, "AttachedManagedPolicies/member"):
            self.assign(entity, value(attached, "PolicyArn") or "", value(attached, "PolicyName"))
        return entity

    def take_role(self, row: Element) -> None:
        trust = principals_of(value(row, "AssumeRolePolicyDocument"))
        role = self.take(
            "aws_role",
            row,
            "Role",
            inline="RolePolicyList",
            trusted_services=trust.get("Service"),
            trusted_principals=trust.get("AWS"),
            trusted_federations=trust.get("Federated"),
        )
        self.trusted += [(role, arn) for arn in trust.get("AWS", [])]
        for found in each(row, "InstanceProfileList/member"):
            properties = {"id": value(found, "InstanceProfileId"), "created_at": value(found, "CreateDate")}
            name = value(found, "InstanceProfileName")
            profile = self.keep(thing("aws_instance_profile", value(found, "Arn") or "", name, properties))
            self.snapshot.relationship(profile, "HAS", role)

    def take_policy(self, row: Element) -> None:
        arn = value(row, "Arn") or ""
        self.keep(
            thing("aws_policy", arn, value(row, "PolicyName") or arn.rpartition("/")[2], {
                "id": value(row, "PolicyId"),
                "path": value(row, "Path"),
                "managed_by": "account",
                "default_version": value(row, "DefaultVersionId"),
                "created_at": value(row, "CreateDate"),
                "updated_at": value(row, "UpdateDate"),
                "allows": allowed_by(row),
            })
        )  # fmt: skip

    def assign(self, to: Ref, arn: str, name: str | None) -> None:
        """Relate someone to a policy; those of AWS itself are not listed, and are known by being assigned."""
        if arn.startswith(OF_AWS):
            self.snapshot.add([thing("aws_policy", arn, name, {"managed_by": "aws"})])
        self.snapshot.relationship(to, "ASSIGNED", ("aws_policy", arn))

    def keep(self, entity: Entity) -> Ref:
        """Keep an entity, and whose it is."""
        self.snapshot.add([entity])
        self.snapshot.relationship(self.owner, "HAS", entity)
        self.found.add(entity.ref)
        return entity.ref

    def relate(self) -> None:
        """Relate groups to their members, and roles to the users and roles of the account that may take them on."""
        for user, name in self.members:
            if name in self.groups:
                self.snapshot.relationship(self.groups[name], "HAS", user)
        for role, arn in self.trusted:
            for ref in (("aws_user", arn), ("aws_role", arn)):
                if ref in self.found:
                    self.snapshot.relationship(role, "TRUSTS", ref)


def read_identity(aws: Aws, number: str, snapshot: Snapshot) -> None:
    """Ask for the whole of it."""
    aliases = values(aws.query("iam", HOME, "ListAccountAliases"), "ListAccountAliasesResult/AccountAliases/member")
    Identity(number, aliases[0] if aliases else None, snapshot).read(listed(aws))


def listed(aws: Aws) -> Iterator[Element]:
    """Yield the pages of the listing."""
    wanted = {f"Filter.member.{place}": name for place, name in enumerate(WANTED, start=1)}
    marker = None
    while True:
        answer = aws.query("iam", HOME, "GetAccountAuthorizationDetails", MaxItems=500, Marker=marker, **wanted)
        yield from each(answer, "GetAccountAuthorizationDetailsResult")
        marker = following(value(answer, "GetAccountAuthorizationDetailsResult/Marker"), marker)
        if marker is None:
            return


def principals_of(document: str | None) -> dict[str, list[str]]:
    """Return whom a trust policy lets in, by what they are; anybody is an AWS principal called `*`."""
    found: dict[str, set[str]] = {}
    for statement in statements_of(document):
        principal = statement.get("Principal") or {}
        named = {"AWS": principal} if isinstance(principal, str) else principal
        for kind, names in named.items():
            found.setdefault(kind, set()).update(listing(names))
    return {kind: sorted(names) for kind, names in found.items()}


def allowed_by(policy: Element) -> list[str]:
    """Return the actions that a policy's version in force allows, whatever they are allowed on."""
    versions = each(policy, "PolicyVersionList/member")
    in_force = [value(one, "Document") for one in versions if value(one, "IsDefaultVersion") == "true"]
    said = [one for document in in_force for one in statements_of(document)]
    return sorted({action for one in said for action in listing(one.get("Action"))})


def statements_of(document: str | None) -> list[dict[str, Any]]:
    """Return the statements of a policy that allow something; documents are escaped as in URLs."""
    if document is None:
        return []
    try:
        read = json.loads(document if document.startswith("{") else unquote(document))
    except ValueError:
        return []
    statements = read.get("Statement") or []
    listed_ones = statements if isinstance(statements, list) else [statements]
    return [one for one in listed_ones if one.get("Effect") == "Allow"]


def listing(names: Any) -> list[str]:
    """Return what a policy names, be it one or several."""
    return [] if names is None else [names] if isinstance(names, str) else [str(name) for name in names]
