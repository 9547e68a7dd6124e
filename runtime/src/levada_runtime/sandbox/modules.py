"""The modules of the standard library a connector may import, name by name, and the few whose behaviour is narrowed."""

import functools
from collections.abc import Callable
from typing import Any, Final
from xml.etree.ElementTree import Element

import defusedxml.ElementTree

ALLOWED: Final = {
    "__future__": "annotations",
    "abc": "ABC abstractmethod",
    "base64": "b16decode b16encode b32decode b32encode b64decode b64encode b85decode b85encode standard_b64decode"
    " standard_b64encode urlsafe_b64decode urlsafe_b64encode",
    "bisect": "bisect bisect_left bisect_right insort insort_left insort_right",
    "calendar": "FRIDAY MONDAY SATURDAY SUNDAY THURSDAY TUESDAY WEDNESDAY isleap leapdays monthrange timegm weekday"
    " day_abbr day_name month_abbr month_name",
    "collections": "ChainMap Counter OrderedDict defaultdict deque namedtuple",
    "collections.abc": "Callable Collection Container Generator Hashable ItemsView Iterable Iterator KeysView"
    " Mapping MutableMapping MutableSequence MutableSet Reversible Sequence Set Sized ValuesView",
    "contextlib": "AbstractContextManager ContextDecorator ExitStack closing contextmanager nullcontext suppress",
    "csv": "DictReader DictWriter Error QUOTE_ALL QUOTE_MINIMAL QUOTE_NONE QUOTE_NONNUMERIC excel excel_tab reader"
    " unix_dialect writer",
    "dataclasses": "FrozenInstanceError KW_ONLY asdict astuple dataclass field fields is_dataclass replace",
    "datetime": "UTC MAXYEAR MINYEAR date datetime time timedelta timezone tzinfo",
    "decimal": "Context Decimal DivisionByZero InvalidOperation Overflow ROUND_05UP ROUND_CEILING ROUND_DOWN"
    " ROUND_FLOOR ROUND_HALF_DOWN ROUND_HALF_EVEN ROUND_HALF_UP ROUND_UP getcontext localcontext",
    "email.utils": "formataddr format_datetime formatdate getaddresses mktime_tz parseaddr parsedate"
    " parsedate_to_datetime parsedate_tz",
    "enum": "Enum Flag IntEnum IntFlag StrEnum auto unique",
    "fractions": "Fraction",
    "functools": "cache cached_property cmp_to_key lru_cache partial reduce total_ordering wraps",
    "hashlib": "blake2b blake2s md5 new pbkdf2_hmac sha1 sha224 sha256 sha384 sha3_224 sha3_256 sha3_384 sha3_512"
    " sha512",
    "heapq": "heapify heappop heappush heappushpop heapreplace merge nlargest nsmallest",
    "hmac": "compare_digest digest new",
    "html": "escape unescape",
    "io": "BytesIO StringIO",
    "itertools": "accumulate batched chain combinations combinations_with_replacement compress count cycle"
    " dropwhile filterfalse groupby islice pairwise permutations product repeat starmap takewhile tee zip_longest",
    "json": "JSONDecodeError dumps loads",
    "math": "acos asin atan atan2 ceil comb copysign cos degrees dist e erf exp fabs factorial floor fmod frexp"
    " fsum gcd hypot inf isclose isfinite isinf isnan isqrt lcm ldexp log log10 log1p log2 modf nan perm pi pow"
    " prod radians sin sqrt tan tau trunc",
    "operator": "abs add and_ concat contains countOf eq floordiv ge getitem gt index indexOf inv invert is_ is_not"
    " itemgetter le length_hint lt mod mul ne neg not_ or_ pos pow sub truediv truth xor",
    "re": "A ASCII DOTALL I IGNORECASE M MULTILINE Match NOFLAG Pattern S U UNICODE VERBOSE X compile error escape"
    " findall finditer fullmatch match search split sub subn",
    "statistics": "StatisticsError fmean geometric_mean harmonic_mean mean median median_high median_low mode"
    " multimode pstdev pvariance quantiles stdev variance",
    "string": "Template ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits printable"
    " punctuation whitespace",
    "textwrap": "dedent fill indent shorten wrap",
    "time": "gmtime monotonic perf_counter sleep strftime strptime struct_time time time_ns",
    "typing": "Annotated Any Callable ClassVar Dict Final FrozenSet Generator Generic Iterable Iterator List"
    " Literal Mapping MutableMapping NamedTuple Never NewType NoReturn NotRequired Optional Protocol Required Self"
    " Sequence Set TYPE_CHECKING Tuple Type TypeAlias TypeGuard TypeVar TypedDict Union assert_never cast final"
    " overload override",
    "unicodedata": "bidirectional category combining decimal digit east_asian_width is_normalized lookup name"
    " normalize numeric",
    "urllib.parse": "parse_qs parse_qsl quote quote_plus unquote unquote_plus unquote_to_bytes urldefrag urlencode"
    " urljoin urlparse urlsplit urlunparse urlunsplit",
    "uuid": "NAMESPACE_DNS NAMESPACE_OID NAMESPACE_URL NAMESPACE_X500 UUID uuid3 uuid4 uuid5",
    "xml.etree.ElementTree": "Element ParseError SubElement fromstring indent tostring",
    "zoneinfo": "ZoneInfo ZoneInfoNotFoundError",
}


def _wraps(wrapped: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`functools.wraps` with the standard list: a list of one's own would read and set any attribute by name."""
    return functools.wraps(wrapped)


def _fromstring(text: str | bytes) -> Element:
    """Parse XML with entities, external references and DTDs refused; the switches that allow them are not offered."""
    parsed: Element = defusedxml.ElementTree.fromstring(text, forbid_dtd=True)
    return parsed


REPLACED: Final[dict[tuple[str, str], Any]] = {
    ("functools", "wraps"): _wraps,
    ("xml.etree.ElementTree", "fromstring"): _fromstring,
}
