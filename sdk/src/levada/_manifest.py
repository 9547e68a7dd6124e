"""A connector as data: everything the runtime knows of it without running it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from levada._auth import AuthScheme
from levada._rate import RateLimit
from levada._settings import Setting
from levada._verify import VerifyScheme
from levada.errors import UnknownStream

Mode = Literal["poll", "webhook", "backfill"]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HostRule(_Data):
    """A host that may be asked: a name, `*.` and a name for one label before it, or the URL in a setting."""

    pattern: str | None = None
    setting: str | None = None


class StreamManifest(_Data):
    """A stream: what an operator schedules, retries and checkpoints."""

    key: str
    modes: tuple[Mode, ...]
    description: str
    schedule: str | None = None
    timezone: str = "UTC"
    verify: VerifyScheme | None = None
    emits: tuple[str, ...] | None = None
    timeout_s: float | None = None
    slice: str | None = None
    reply: bool = False
    delivery_id: str | None = None
    dedupe: bool = True
    observe_allow: bool = False


class Manifest(_Data):
    """A connector."""

    key: str
    title: str
    version: str | None = None
    hosts: tuple[HostRule, ...] = ()
    auth: AuthScheme | None = None
    settings: tuple[Setting, ...] = ()
    streams: tuple[StreamManifest, ...] = ()
    check: bool = False
    libraries: tuple[str, ...] = ()
    rate_limit: tuple[RateLimit, ...] = ()

    def settings_schema(self) -> dict[str, Any]:
        """Return what an operator is asked for as a JSON Schema; secrets carry `x-secret`."""
        return {
            "type": "object",
            "properties": {setting.name: setting.schema_property() for setting in self.settings},
            "required": [one.name for one in self.settings if one.required and one.default is None],
            "additionalProperties": False,
        }

    def exposed_secrets(self) -> list[str]:
        """Return the names of secrets that routes can read."""
        return [setting.name for setting in self.settings if setting.expose]

    def stream(self, key: str) -> StreamManifest:
        """Return a stream. Raises UnknownStream."""
        for stream in self.streams:
            if stream.key == key:
                return stream
        raise UnknownStream(f"the connector {self.key!r} declares no stream {key!r}")
