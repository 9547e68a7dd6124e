"""XML as AWS writes it: values by their paths, whatever namespace a service puts them in."""

from xml.etree.ElementTree import Element, ParseError, fromstring

from levada import SourceUnavailable


def parsed(content: bytes, name: str | None = None) -> Element:
    """Return the root of a document, which has to be of this name if one is given: a list without rows means much.

    Raises SourceUnavailable when it is another, or no XML, as when a proxy answers for AWS.
    """
    try:
        root = fromstring(content)  # noqa: S314 - the sandbox gives the one that refuses entities and DTDs
    except ParseError:
        raise SourceUnavailable("the source answered with a body that is not XML") from None
    if name is not None and root.tag.rpartition("}")[2] != name:
        raise SourceUnavailable(f"the source answered with XML that is no {name}")
    return root


def value(node: Element, path: str) -> str | None:
    """Return the text at a path, None when there is none."""
    return node.findtext(_anywhere(path)) or None


def flag(node: Element, path: str) -> bool | None:
    """Return the truth at a path, None when nothing stands there."""
    said = value(node, path)
    return None if said is None else said == "true"


def each(node: Element, path: str) -> list[Element]:
    """Return every element at a path."""
    return node.findall(_anywhere(path))


def values(node: Element, path: str) -> list[str]:
    """Return every text at a path, in order and once."""
    return sorted({one.text for one in each(node, path) if one.text})


def _anywhere(path: str) -> str:
    return "/".join(f"{{*}}{name}" for name in path.split("/"))
