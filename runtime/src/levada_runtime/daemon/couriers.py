"""The courier of an installation: every destination there is, with the operator's rules."""

from collections.abc import Callable
from datetime import timedelta

from levada_runtime.access.org_secrets import OrgSecrets
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.config import Settings
from levada_runtime.outbound import AllowPrivate, BlockingClient, Client, Limits
from levada_runtime.pipeline import breaker
from levada_runtime.pipeline.courier import Courier
from levada_runtime.pipeline.destinations.parcel import Sender
from levada_runtime.pipeline.destinations.send_file import FileSender
from levada_runtime.pipeline.destinations.send_log import LogSender
from levada_runtime.pipeline.destinations.send_webhook import READ_AT_MOST, WebhookSender
from levada_runtime.pipeline.retry import Patience
from levada_runtime.store.unit_of_work import Store


def make_courier(
    store: Store, clock: Clock, secrets: OrgSecrets, settings: Settings, at_end: Callable[[Callable[[], None]], object]
) -> Courier:
    """Return the courier; `at_end` is told what closes its connections."""
    rules = settings.deliveries
    limits = Limits(rules.timeout_s, rules.timeout_s, rules.timeout_s, keep_bytes=READ_AT_MOST)
    allowed = AllowPrivate.read(rules.allow_private, "deliveries.allow_private")
    client = BlockingClient(Client(allow_private=allowed, limits=limits))
    at_end(client.close)
    senders: dict[str, Sender] = {
        "webhook.out": WebhookSender(client, clock),
        "file.out": FileSender(settings.out_dir),
        "log": LogSender(),
    }
    patience = Patience(rules.attempts, [timedelta(seconds=step) for step in rules.retry_s])
    circuit = breaker.Limits(rules.breaker_failures, timedelta(seconds=rules.breaker_pause_s))
    return Courier(store, clock, secrets, senders, patience, circuit)
