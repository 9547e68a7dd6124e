"""The demo's second half: a signed webhook comes in, becomes a document and an entity, and a delivery goes out."""

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from levada_runtime.cli.demo.source import Sample
from levada_runtime.foundation.errors import RuntimeFailure

if TYPE_CHECKING:
    from levada_runtime.daemon.installation import Installation
    from levada_runtime.daemon.server import Daemon

SIGNING_SECRET = "demo_signing_secret"  # noqa: S105 - the name of a secret
_PIPELINE = """\
pipeline: settlements
sources:
  - type: document.created
    match: payment
actions:
  - upsert.entity:
      kind: customer
      external_id: $event.payload.customer_id
      traits:
        last_payment: $event.payload.amount
        currency: $event.payload.currency
        last_paid_at: $event.payload.received_at
  - transform:
      template: |
        {
          payment: $event.payload.source_id,
          customer: $event.payload.customer_id,
          paid: "$entity.customer.last_payment $entity.customer.currency",
          tags: $event.payload.metadata
        }
destinations:
  - webhook.out:
      url: RECEIVER
      auth: { hmac: demo_signing_secret }
"""
_WITHIN_S = 60
_LOOK_EVERY_S = 0.05
Value = TypeVar("Value")


class Settlement:
    """Lets a payment settle at the source and follows it through to the receiver."""

    def __init__(self, installation: "Installation", source: Sample, say: Callable[[str], None]) -> None:
        self._installation = installation
        self._source = source
        self._say = say
        self.receiver = f"{source.hello['api_base']}/received"

    def prepare(self) -> None:
        """Deploy the pipeline that delivers settled payments."""
        installation = self._installation
        installation.org_secrets.set(installation.org, SIGNING_SECRET, str(self._source.hello["signing_secret"]))
        text = _PIPELINE.replace("RECEIVER", self.receiver)
        installation.pipelines.deploy(installation.org, text, "settlements.yaml")

    def play(self, daemon: "Daemon", connection: str) -> dict[str, Any] | None:
        """Show one payment on its way; None when the daemon was told to stop meanwhile."""
        self._say("\na payment settles at the source, which sends a signed webhook")
        told = self._source.tell(f"settle {daemon.url}/hooks/{connection}/events")
        if told.get("status") != 202:
            raise RuntimeFailure(f"the webhook was not taken in: {told}")
        self._say(f"  webhook    202        the receipt is durable; its run follows ({told['payment']})")
        delivery = self._wait(daemon, lambda: self._delivered(str(told["payment"])), "the delivery")
        return None if delivery is None else self._show(delivery)

    def _delivered(self, payment: str) -> dict[str, Any] | None:
        installation = self._installation
        for one in installation.deliveries.page(installation.org, pipeline="settlements", limit=20).items:
            whole = installation.deliveries.get(installation.org, one["id"])
            if whole["body"]["payment"] == payment and whole["state"] in ("delivered", "dead"):
                return whole
        return None

    def _show(self, delivery: dict[str, Any]) -> dict[str, Any]:
        from levada_runtime.graph.views import entity_view  # the floors load only for commands that need them

        if delivery["state"] != "delivered":
            raise RuntimeFailure(f"the delivery did not arrive: {delivery['reason']}")
        body, installation = delivery["body"], self._installation
        entity = installation.graph.find(installation.org.id, "customer", body["customer"])
        assert entity is not None  # the pipeline wrote it together with the delivery
        received = [json.loads(text) for text in self._source.tell("received")["received"]]
        if body not in received:
            raise RuntimeFailure("the receiver does not have the body that was delivered")
        self._say(f"  document   payment {body['payment']} of customer {body['customer']}")
        self._say(f"  entity     customer {entity.external_id}: {json.dumps(entity.traits)}")
        attempts = "1 attempt" if delivery["attempts"] == 1 else f"{delivery['attempts']} attempts"
        self._say(f"  delivery   {delivery['id']} to {delivery['target']}, {attempts}")
        self._say(f"  received   {json.dumps(body)}")
        return {"delivery": delivery, "entity": entity_view(entity), "received": received}

    def _wait(self, daemon: "Daemon", found: Callable[[], Value | None], what: str) -> Value | None:
        deadline = time.monotonic() + _WITHIN_S
        while time.monotonic() < deadline:
            value = found()
            if value is not None or daemon.wait(_LOOK_EVERY_S):
                return value
        raise RuntimeFailure(f"{what} has not come about after {_WITHIN_S} s")
