"""Sends `log`: one line in the runtime's log, at the level that the pipeline names."""

from collections.abc import Mapping
from typing import Any

from levada_runtime.foundation.logging import logger
from levada_runtime.pipeline.destinations.parcel import Parcel
from levada_runtime.pipeline.retry import Sent


class LogSender:
    """Writes to the log, which keeps nothing waiting and refuses nothing."""

    def secret_names(self, fields: Mapping[str, Any]) -> frozenset[str]:  # noqa: ARG002 - what every sender is asked
        return frozenset()

    def send(self, parcel: Parcel) -> Sent:
        write = getattr(logger("pipeline"), parcel.fields["level"])
        write(str(parcel.fields["message"]), pipeline=parcel.pipeline, delivery=parcel.uid, body=parcel.body)
        return Sent("delivered")
