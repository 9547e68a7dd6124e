"""The modules of the standard library a connector may import, name by name, and the few whose behaviour is narrowed."""

from typing import Any, Final

from levada_runtime.sandbox.language import deputies
from levada_runtime.sandbox.language.kinds import TypeOf

ALLOWED: Final = {
    "__future__": "annotations",
    "abc": "ABC abstractmethod",
    "base64": "b16decode b16encode b32decode b32encode b64decode b64encode b85decode b85encode standard_b64decode"
    " standard_b64encode urlsafe_b64decode urlsafe_b64encode",
    "binascii": "Error a2b_base64 b2a_base64 crc32 hexlify unhexlify",
    "bisect": "bisect bisect_left bisect_right insort insort_left insort_right",
    "calendar": "FRIDAY MONDAY SATURDAY SUNDAY THURSDAY TUESDAY WEDNESDAY isleap leapdays monthrange timegm weekday"
    " day_abbr day_name month_abbr month_name",
    "collections": "ChainMap Counter OrderedDict UserDict UserList defaultdict deque namedtuple",
    "collections.abc": "Callable Collection Container Generator Hashable ItemsView Iterable Iterator KeysView"
    " Mapping MutableMapping MutableSequence MutableSet Reversible Sequence Set Sized ValuesView",
    "contextlib": "AbstractContextManager ContextDecorator ExitStack closing contextmanager nullcontext suppress",
    "csv": "Dialect DictReader DictWriter Error QUOTE_ALL QUOTE_MINIMAL QUOTE_NONE QUOTE_NONNUMERIC QUOTE_NOTNULL"
    " QUOTE_STRINGS Sniffer excel excel_tab field_size_limit reader unix_dialect writer",
    "dataclasses": "FrozenInstanceError InitVar KW_ONLY MISSING asdict astuple dataclass field fields is_dataclass"
    " replace",
    "datetime": "UTC MAXYEAR MINYEAR date datetime time timedelta timezone tzinfo",
    "decimal": "Context Decimal DecimalException DivisionByZero FloatOperation Inexact InvalidOperation Overflow"
    " ROUND_05UP ROUND_CEILING ROUND_DOWN"
    " ROUND_FLOOR ROUND_HALF_DOWN ROUND_HALF_EVEN ROUND_HALF_UP ROUND_UP Rounded"
    " getcontext localcontext",
    "email.utils": "formataddr format_datetime formatdate getaddresses mktime_tz parseaddr parsedate"
    " parsedate_to_datetime parsedate_tz",
    "enum": "CONFORM EJECT Enum Flag FlagBoundary IntEnum IntFlag KEEP ReprEnum STRICT StrEnum auto member nonmember"
    " property unique",
    "fractions": "Fraction",
    "functools": "cache cached_property cmp_to_key lru_cache partial reduce singledispatch singledispatchmethod"
    " total_ordering wraps",
    "gzip": "BadGzipFile compress decompress",
    "hashlib": "blake2b blake2s md5 new pbkdf2_hmac sha1 sha224 sha256 sha384 sha3_224 sha3_256 sha3_384 sha3_512"
    " sha512 shake_128 shake_256",
    "heapq": "heapify heappop heappush heappushpop heapreplace merge nlargest nsmallest",
    "hmac": "compare_digest digest new",
    "html": "escape unescape",
    "io": "BytesIO StringIO",
    "ipaddress": "AddressValueError IPv4Address IPv4Interface IPv4Network IPv6Address IPv6Interface IPv6Network"
    " NetmaskValueError collapse_addresses ip_address ip_interface ip_network summarize_address_range",
    "itertools": "accumulate batched chain combinations combinations_with_replacement compress count cycle"
    " dropwhile filterfalse groupby islice pairwise permutations product repeat starmap takewhile tee zip_longest",
    "json": "JSONDecodeError JSONDecoder JSONEncoder dumps loads",
    "math": "acos asin atan atan2 ceil comb copysign cos degrees dist e erf exp fabs factorial floor fmod frexp"
    " fsum gcd hypot inf isclose isfinite isinf isnan isqrt lcm ldexp log log10 log1p log2 modf nan perm pi pow"
    " prod radians sin sqrt tan tau trunc",
    "numbers": "Complex Integral Number Rational Real",
    "operator": "abs add and_ concat contains countOf eq floordiv ge getitem gt index indexOf inv invert is_ is_not"
    " itemgetter le length_hint lt mod mul ne neg not_ or_ pos pow sub truediv truth xor",
    "pydantic": "AfterValidator AliasChoices AliasPath AnyHttpUrl AnyUrl AwareDatetime BeforeValidator ConfigDict"
    " Discriminator Field FiniteFloat FutureDate FutureDatetime HttpUrl JsonValue NaiveDatetime NegativeInt"
    " NonNegativeFloat NonNegativeInt NonPositiveInt PastDate PastDatetime PlainSerializer PlainValidator PositiveFloat"
    " PositiveInt PrivateAttr SerializationInfo StrictBool StrictFloat StrictInt StrictStr StringConstraints Tag"
    " ValidationError ValidationInfo WrapValidator computed_field field_serializer field_validator model_serializer"
    " model_validator",
    "re": "A ASCII DOTALL I IGNORECASE M MULTILINE Match NOFLAG Pattern PatternError RegexFlag S U UNICODE"
    " VERBOSE X compile error escape"
    " findall finditer fullmatch match search split sub subn",
    "statistics": "StatisticsError fmean geometric_mean harmonic_mean mean median median_high median_low mode"
    " multimode pstdev pvariance quantiles stdev variance",
    "string": "Template ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits printable"
    " punctuation whitespace",
    "struct": "Struct calcsize error iter_unpack pack unpack unpack_from",
    "textwrap": "dedent fill indent shorten wrap",
    "time": "gmtime localtime mktime monotonic monotonic_ns perf_counter perf_counter_ns process_time sleep strftime"
    " strptime struct_time time time_ns",
    "types": "MappingProxyType NoneType SimpleNamespace TracebackType UnionType",
    "typing": "AbstractSet Annotated Any AnyStr Callable ClassVar Collection Concatenate Container DefaultDict Deque"
    " Dict Final FrozenSet Generator Generic Hashable Iterable Iterator List Literal LiteralString Mapping Match"
    " MutableMapping MutableSequence MutableSet NamedTuple Never NewType NoReturn NotRequired Optional OrderedDict"
    " ParamSpec Pattern Protocol ReadOnly Required Reversible Self Sequence Set Sized TYPE_CHECKING Text Tuple Type"
    " TypeAlias TypeGuard TypeIs TypeVar TypeVarTuple TypedDict Union Unpack assert_never cast final get_args"
    " get_origin overload override",
    "unicodedata": "bidirectional category combining decimal digit east_asian_width is_normalized lookup name"
    " normalize numeric",
    "urllib.parse": "ParseResult SplitResult parse_qs parse_qsl quote quote_from_bytes quote_plus unquote unquote_plus"
    " unquote_to_bytes urldefrag urlencode urljoin urlparse urlsplit urlunparse urlunsplit",
    "uuid": "NAMESPACE_DNS NAMESPACE_OID NAMESPACE_URL NAMESPACE_X500 UUID uuid3 uuid4 uuid5",
    "xml.etree.ElementTree": "Element ParseError QName SubElement XML fromstring indent iselement tostring",
    "zlib": "adler32 compress compressobj crc32 decompress decompressobj error",
    "zoneinfo": "ZoneInfo ZoneInfoNotFoundError",
}


REPLACED: Final[dict[tuple[str, str], Any]] = {
    ("abc", "abstractmethod"): deputies.abstractmethod,
    ("collections", "namedtuple"): deputies.namedtuple,
    ("dataclasses", "dataclass"): deputies.dataclass,
    ("functools", "total_ordering"): deputies.total_ordering,
    ("functools", "wraps"): deputies.wraps,
    ("textwrap", "dedent"): deputies.dedent,
    ("textwrap", "fill"): deputies.fill,
    ("textwrap", "indent"): deputies.indent,
    ("textwrap", "shorten"): deputies.shorten,
    ("textwrap", "wrap"): deputies.wrap,
    ("types", "SimpleNamespace"): deputies.SimpleNamespace,
    ("typing", "Type"): TypeOf,
    ("typing", "final"): deputies.unchanged,
    ("typing", "override"): deputies.unchanged,
    ("xml.etree.ElementTree", "XML"): deputies.fromstring,
    ("xml.etree.ElementTree", "fromstring"): deputies.fromstring,
}
