"""No spelling of a secret stays in anything that is kept."""

import html
import json
import string
from base64 import b64decode, b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from levada_runtime.foundation.masking import MASKED, Mask

SECRETS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=8, max_size=40).filter(
    lambda text: text.strip() == text and MASKED not in text and len(set(text)) > 3
)
AROUND = st.text(string.ascii_letters + string.digits + ' .:/?&={}"', max_size=20)
SPELLINGS = {
    "as it is": str,
    "in a URL": lambda text: quote(text, safe=""),
    "in a path": quote,
    "in a path, spelled as little as can be": lambda text: quote(text, safe="/%:@!$&'()*+,;=~-._"),
    "in a query": quote_plus,
    "in a form": lambda text: urlencode({"k": text})[2:],
    "in a URL, in lower case": lambda text: quote(text, safe="").lower(),
    "in upper case": lambda text: "".join(letter.upper() if letter.isascii() else letter for letter in text),
    "in JSON": lambda text: json.dumps(text)[1:-1],
    "in JSON as UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "in JSON with escaped slashes": lambda text: json.dumps(text, ensure_ascii=False)[1:-1].replace("/", "\\/"),
    "in a traceback": lambda text: repr(text)[1:-1],
    "in HTML": html.escape,
    "in base64": lambda text: b64encode(text.encode()).decode(),
    "in base64 for URLs": lambda text: urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "in hexadecimal": lambda text: text.encode().hex(),
    "in upper hexadecimal": lambda text: text.encode().hex().upper(),
}


@pytest.mark.parametrize("how", SPELLINGS)
@given(secret=SECRETS, before=AROUND, after=AROUND)
@example(secret="s3cret/with+signs é&<", before="x", after="y")
@example(secret='pa"ss\\w%2Frd', before="", after="")
def test_no_spelling_of_a_secret_is_left(how, secret, before, after):
    """Whatever stands around it, in text and in bytes."""
    spelled = SPELLINGS[how](secret)
    mask = Mask([secret, "another-secret"])
    assert spelled not in mask(before + spelled + after)
    assert spelled.encode() not in mask.bytes((before + spelled + after).encode())
    if spelled == secret:
        assert mask.value({before + spelled: [spelled, {"k": (spelled,)}]})


@given(user=st.text(string.ascii_letters, max_size=12), secret=SECRETS)
def test_a_secret_behind_others_in_base64_is_found(user, secret):
    """As in the Basic header of a user that nobody told the mask of."""
    word = b64encode(f"{user}:{secret}".encode()).decode()
    masked = Mask([secret])(word)
    assert masked != word
    left = masked.partition(MASKED)[0]
    assert secret[1:-1].encode() not in b64decode(left + "=" * (-len(left) % 4) if len(left) % 4 != 1 else left[:-1])


def test_each_line_of_a_key_is_a_secret():
    """A log that shows one line of a PEM file shows a part of the key."""
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEFAA\n-----END KEY-----\n"
    assert Mask([key])("line kqhkiG9w0BAQEFAA and MIIEvQIBADANBg") == "line *** and ***"


def test_in_data_only_what_is_unmistakable_is_masked():
    """A password of three letters would eat the documents it is found in."""
    mask = Mask(["abc", "correct-horse"]).unmistakable
    assert mask.value({"abc": "abc", "k": "correct-horse", "n": 3}) == {"abc": "abc", "k": "***", "n": 3}


def test_values_keep_their_shape():
    """Numbers, nothing and truth stay; tuples become lists, as in JSON."""
    value = {"a": (1, None, True, 1.5), "b": b"raw"}
    assert Mask(["secretive"]).value(value) == {"a": [1, None, True, 1.5], "b": b"raw"}
