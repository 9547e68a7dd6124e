"""Configuration: a flag, then the environment (`LEVADA_…`), then `levada.toml` found upward from where one stands."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from levada_runtime.foundation.errors import UsageFailure

CONFIG_FILE = "levada.toml"


class BrokerSettings(BaseModel):
    """What the HTTP broker may reach beyond public https addresses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    allow_private: list[str] = Field(
        default=[], description='Private or plain-http places connectors may reach, as "host:port" or "host:*".'
    )


class SandboxSettings(BaseModel):
    """How connector code is confined."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum: Literal["L0", "L1", "L2", "L3"] = Field(
        default="L2", description="Least sandbox level that connectors run at; L0 is not a boundary."
    )
    allow_weak: bool = Field(default=False, description="Run even below the minimum sandbox level.")
    memory_mb: int = Field(default=512, ge=64, description="Memory of one run, in MiB.")
    memory_budget_mb: int | None = Field(
        default=None,
        ge=64,
        description="Memory of all runs together, in MiB, which bounds the workers; default: half of the machine's.",
    )
    poll_cpu_s: int = Field(default=60, ge=1, description="CPU seconds of one poll run.")
    http_requests: int = Field(default=1_000, ge=1, description="HTTP requests of one run, retries included.")
    http_mb: int = Field(default=1_024, ge=1, description="HTTP bytes of one run, in MiB.")
    poll_wall_s: float = Field(default=300, gt=0, description="Wall-clock seconds of one poll run.")
    webhook_cpu_s: int = Field(default=5, ge=1, description="CPU seconds of one webhook's run.")
    webhook_wall_s: float = Field(default=10, gt=0, description="Wall-clock seconds of one webhook's run.")


class DeliverySettings(BaseModel):
    """How pipelines deliver."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    allow_private: list[str] = Field(
        default=[], description='Private or plain-http places destinations may reach, as "host:port" or "host:*".'
    )
    timeout_s: float = Field(default=10, gt=0, description="Seconds a destination has to answer.")
    attempts: int = Field(default=5, ge=1, description="How often a delivery is tried before it is dead.")
    retry_s: list[Annotated[float, Field(ge=0)]] = Field(
        default=[30, 120, 600, 3600], min_length=1, description="Seconds between two attempts; the last one repeats."
    )
    breaker_failures: int = Field(
        default=10, ge=1, description="Failures in a row after which a destination is left alone for a while."
    )
    breaker_pause_s: float = Field(default=30, gt=0, description="Seconds it is left alone before it is tried again.")
    out_dir: Path | None = Field(
        default=None, description="Folder of `file.out`; default: `out` in the data directory."
    )


class WorkSettings(BaseModel):
    """How durable work is claimed and retried."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lease_s: float = Field(default=30, gt=0, description="Seconds a claim lasts unless it is renewed.")
    relay_ms: int = Field(default=50, ge=5, description="Milliseconds between two looks for due work.")
    attempts: int = Field(default=3, ge=1, description="How often a run is tried before it has failed.")
    drain_s: float = Field(default=20, ge=0, description="Seconds a stopping daemon waits for runs to reach a page.")
    org_in_flight: int | None = Field(
        default=None, ge=1, description="Pieces of work one organisation may have in flight; default: as many as fit."
    )
    alert_s: float = Field(
        default=300, gt=0, description="Seconds that work may be due, and not taken, before the log says so."
    )
    executor: str = Field(
        default="local", description="What wakes workers: `local`, or a module with `make_executor(installation)`."
    )
    backfill_parallel: int = Field(
        default=2,
        ge=1,
        le=64,
        description="Slices of one backfill that are under way at once, unless it says otherwise.",
    )

    @property
    def lease(self) -> timedelta:
        """How long a claim lasts."""
        return timedelta(seconds=self.lease_s)


class ApiSettings(BaseModel):
    """What the API takes in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_body_mb: float = Field(default=10, gt=0, le=1_024, description="Largest body of a request, in MiB.")

    @property
    def max_body(self) -> int:
        """The largest body, in bytes."""
        return int(self.max_body_mb * (1 << 20))


class GraphSettings(BaseModel):
    """When a sync of the graph takes so much away that it is held."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    guard_percent: float = Field(
        default=30,
        ge=0,
        le=100,
        description="A sync that deletes more than so many percent of its source's claims of a kind is held.",
    )
    guard_least: int = Field(
        default=20,
        ge=0,
        description="As many of a kind may go in any case, unless they are all the source claims.",
    )


class WebhookSettings(BaseModel):
    """What is taken in from sources that push."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_mb: float = Field(default=10, gt=0, le=32, description="Largest body of a webhook, in MiB.")
    max_waiting: int = Field(
        default=10_000, ge=1, description="Receipts of one stream that may wait; beyond them the source is told 429."
    )

    @property
    def max_body(self) -> int:
        """The largest body, in bytes."""
        return int(self.max_mb * (1 << 20))


Days = Annotated[float, Field(ge=0, le=36_500)]


class RetentionSettings(BaseModel):
    """How many days is kept what grows with time; 0 keeps it for ever.

    Documents, their versions, entities, the runs that changed any of them, and the audit log are never pruned.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    events_days: Days = Field(
        default=30, description="Days that events are kept; those a pipeline has still to see stay."
    )
    receipts_days: Days = Field(default=30, description="Days that receipts of webhooks are kept once processed.")
    ticks_days: Days = Field(default=30, description="Days that the ledger of scheduled moments goes back.")
    logs_days: Days = Field(default=30, description="Days that the logs of runs are kept.")
    exchanges_days: Days = Field(default=30, description="Days that is kept whom runs asked over HTTP.")
    recordings_days: Days = Field(default=30, description="Days that the recorded HTTP of runs is kept.")
    deliveries_days: Days = Field(default=30, description="Days that deliveries are kept once they are through.")
    work_days: Days = Field(default=30, description="Days that work is kept once it is done.")
    dead_days: Days = Field(default=90, description="Days that dead receipts, deliveries and work are kept.")
    quarantine_days: Days = Field(default=90, description="Days that a refused record is kept since it last came.")
    plans_days: Days = Field(default=30, description="Days that the plan of an observed run is kept, unless applied.")
    runs_days: Days = Field(
        default=90, description="Days that a run, or a backfill, is kept of which nothing else is left."
    )
    held_days: Days = Field(default=90, description="Days that a held sync is kept once it was decided on.")
    every_s: float = Field(default=3_600, gt=0, description="Seconds between two looks of the daemon for what is old.")


class Settings(BaseSettings):
    """Every key of the runtime's configuration."""

    model_config = SettingsConfigDict(
        env_prefix="LEVADA_", env_nested_delimiter="__", extra="forbid", frozen=True, validate_default=True
    )

    data_dir: Path = Field(default=Path("levada-data"), description="Where the embedded store and the keys lie.")
    database_url: str | None = Field(default=None, description="SQLAlchemy URL; default: SQLite in the data directory.")
    host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    port: int = Field(default=7700, ge=0, le=65535, description="Port the API listens on; 0 takes a free one.")
    workers: int = Field(default=2, ge=1, le=64, description="Worker processes of the local executor.")
    org: str = Field(default="default", description="The organisation that commands act on.")
    secret_key: SecretStr | None = Field(
        default=None, description="Key for secrets at rest; several, comma-separated, for rotation: the first encrypts."
    )
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$", description="Least level logged.")
    broker: BrokerSettings = BrokerSettings()
    sandbox: SandboxSettings = SandboxSettings()
    deliveries: DeliverySettings = DeliverySettings()
    work: WorkSettings = WorkSettings()
    api: ApiSettings = ApiSettings()
    webhooks: WebhookSettings = WebhookSettings()
    graph: GraphSettings = GraphSettings()
    retention: RetentionSettings = RetentionSettings()

    @property
    def store_url(self) -> str:
        """The database's URL, given or in the data directory."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'levada.db'}"

    @property
    def out_dir(self) -> Path:
        """The folder that `file.out` writes into."""
        return self.deliveries.out_dir or self.data_dir / "out"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic-settings'
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        found = find_config_file(Path.cwd())
        files = (TomlConfigSettingsSource(settings_cls, found),) if found else ()
        return (init_settings, env_settings, *files)


def find_config_file(start: Path) -> Path | None:
    """Return the nearest `levada.toml` in `start` or a folder above it."""
    for folder in (start, *start.parents):
        if (folder / CONFIG_FILE).is_file():
            return folder / CONFIG_FILE
    return None


def load_settings(flags: dict[str, Any] | None = None) -> Settings:
    """Read the configuration; `flags` that are None were not given.

    Raises UsageFailure naming every key that cannot be meant.
    """
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        wrong = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()]
        raise UsageFailure(
            f"the configuration cannot be read: {'; '.join(wrong)}",
            code="invalid_configuration",
            hint="flags come before LEVADA_… variables, and those before levada.toml",
        ) from None
