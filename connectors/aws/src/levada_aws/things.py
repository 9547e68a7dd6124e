"""What an account consists of, as entities: each is known by its ARN, which no two things of any account share."""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from levada import Entity
from levada_aws.markup import each, value

Ref = tuple[str, str]

CLASSES = {
    "aws_account": "Account",
    "aws_vpc": "NetworkSegment",
    "aws_subnet": "NetworkSegment",
    "aws_security_group": "Firewall",
    "aws_instance": "Host",
    "aws_user": "User",
    "aws_group": "Group",
    "aws_role": "Role",
    "aws_policy": "AccessPolicy",
    "aws_instance_profile": "Identity",
    "aws_bucket": "DataStore",
    "aws_function": "Function",
}


def thing(kind: str, key: str, name: str | None, properties: Mapping[str, Any]) -> Entity:
    """Return an entity; what the source does not say of it is left out."""
    said = {label: one for label, one in properties.items() if one is not None and one != []}
    return Entity(kind, key, said, entity_class=CLASSES[kind], display_name=name)


def account(number: str, **properties: Any) -> Entity:
    """Return the account itself."""
    return thing("aws_account", number, properties.pop("name", None), {"account_id": number, **properties})


def ec2_arn(region: str, owner: str, resource: str, resource_id: str) -> str:
    """Return the ARN of something in EC2, which its API does not always say."""
    return f"arn:aws:ec2:{region}:{owner}:{resource}/{resource_id}"


def tags_of(node: Element, path: str = "tagSet/item", key: str = "key", said: str = "value") -> dict[str, str]:
    """Return the tags of a thing."""
    return {name: value(one, said) or "" for one in each(node, path) if (name := value(one, key))}


def spelled(tags: Mapping[str, str]) -> Sequence[str]:
    """Return tags as flat texts, in order."""
    return sorted(f"{name}={said}" for name, said in tags.items())
