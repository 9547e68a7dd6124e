"""A source that answers from a cassette: what it was asked and what it answered when a real run was recorded."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from levada._cassette import Cassette, Player
from levada._http import HttpRequest, Response
from levada._manifest import Manifest
from levada.testing.scripted import ScriptedHttp, SentRequest


class RecordedHttp(ScriptedHttp):
    """Sends for `RouteHttp`: plays a cassette from its beginning, once the host is known to be declared.

    A request that it does not hold raises CassetteMiss.
    """

    def __init__(self, cassette: Cassette, manifest: Manifest, settings: Mapping[str, Any]) -> None:
        super().__init__({}, manifest, settings)
        self._player = Player(cassette)

    def _answer(self, sent: SentRequest, request: HttpRequest) -> Response:
        response = self._player.play(request)
        return response if response.url else replace(response, url=sent.url)
