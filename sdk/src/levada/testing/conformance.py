"""What every connector must keep, proved by running it: subclass `ConnectorConformance` and name the connector.

Rules that need a source to read run on the samples of `http`; without samples they are skipped, and say so. A rule
that a connector cannot keep is exempted by name, with a sentence that says why.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from levada._cron import check_cron
from levada._manifest import Manifest
from levada._request import Request
from levada._routes import Route
from levada._verify import Unverified, secrets_in
from levada.testing.attempt import PageLost, RunResult
from levada.testing.backfill_rules import LONGEST, BackfillRules, state_of, windows_of
from levada.testing.behind import package_of
from levada.testing.harness import ConnectorBench
from levada.testing.memory import with_extensions
from levada.testing.signing import covers_body, wrongly_taken
from levada.testing.wall import enter, require_wall

_SENTENCE = 3
"""The words that a sentence has at least."""


class ConnectorConformance(BackfillRules):
    """Every rule is a test; pytest runs them for each subclass.

    `http` is a script as `connector_run` takes it, `settings` and `secrets` what an operator would enter, `webhooks`
    holds the deliveries of each webhook stream in the order of what they tell (each as its JSON body, its raw body, or
    a whole `Request`), `backfills` the moments between which the samples of each backfill stream lie, `contracts` those
    of an extension that the connector needs, and `exempt` maps the name of a rule to the sentence that excuses the
    connector from it.
    """

    webhooks: ClassVar[Mapping[str, Sequence[Any]]] = {}
    exempt: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for rule, sentence in cls.exempt.items():
            if not hasattr(ConnectorConformance, rule):
                raise TypeError(f"{cls.__name__}.exempt names {rule!r}, which is no rule")
            if len(sentence.split()) < _SENTENCE:
                raise TypeError(f"{cls.__name__}.exempt[{rule!r}] needs a sentence that says why")

    @pytest.fixture(autouse=True)
    def _unless_exempt(self, request: pytest.FixtureRequest) -> None:
        name = request.node.originalname
        if name in self.exempt:
            pytest.skip(f"exempt: {self.exempt[name]}")

    def test_the_manifest_is_data(self) -> None:
        """The manifest survives the way to the runtime and back, and its document types exist."""
        manifest = self.connector.manifest()
        assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest
        assert manifest.streams, "the connector serves no stream"
        emitted = {kind for stream in manifest.streams for kind in stream.emits or ()}
        unknown = emitted - with_extensions(self.contracts).keys()
        assert not unknown, f"emits names {', '.join(sorted(unknown))}, which no contract describes"

    def test_every_stream_has_a_described_route(self) -> None:
        """Every route has a docstring, which is what operators read."""
        bare = [f"{route.mode} {route.stream}" for route in self.connector.routes if not route.description]
        assert not bare, f"without a docstring: {', '.join(bare)}"

    def test_schedules_can_be_meant(self) -> None:
        """Every schedule is a cron expression that fires."""
        for stream in self.connector.manifest().streams:
            if stream.schedule is not None:
                check_cron(stream.schedule)

    def test_only_declared_hosts_are_called(self) -> None:
        """A run over the samples meets no HostNotDeclared, which the scripted source raises."""
        for stream, bench in self._each_poll():
            assert bench.poll(stream).requests, f"{stream} asked its source for nothing"

    def test_keys_are_stable(self) -> None:
        """Two connections that read the same source give the same keys, whenever they do."""
        for stream, bench in self._each_poll():
            bench.poll(stream)
            again = self._bench()
            again.poll(stream)
            assert set(bench.ingest.committed) == set(again.ingest.committed), f"{stream} made other keys"
            refs = ({entity.ref for entity in one.entities.all()} for one in (bench, again))
            assert next(refs) == next(refs), f"{stream} made other keys of entities"

    def test_a_second_run_changes_nothing(self) -> None:
        """The same source read again, from the checkpoint and from the start, changes no document and no entity."""
        for stream, bench in self._each_poll():
            bench.poll(stream)
            before = state_of(bench)
            again = bench.poll(stream)
            same = state_of(bench) == before and all(sync.status != "held" for sync in again.syncs)
            assert same, f"{stream} changed documents or graph on its second run"
            bench.ingest.checkpoints.clear()
            bench.poll(stream)
            assert state_of(bench) == before, f"{stream} changed documents or graph when read again from the start"

    def test_a_killed_run_resumes_to_the_same_state(self) -> None:
        """Killed after any page, the run that follows ends where an undisturbed one does."""
        for stream, bench in self._each_poll():
            bench.poll(stream)
            undisturbed = state_of(bench)
            for page in range(1, LONGEST):
                disturbed = self._bench()
                if not disturbed.poll(stream, kill_after=page).killed:
                    break
                disturbed.poll(stream)
                assert state_of(disturbed) == undisturbed, f"{stream}, killed after page {page}, ends elsewhere"

    def test_a_failed_page_does_not_advance_the_checkpoint(self) -> None:
        """When a page cannot be written, neither its records nor its checkpoint are; the next run makes up for it."""
        for stream, bench in self._each_poll():
            bench.poll(stream)
            undisturbed = state_of(bench)
            for page in range(1, LONGEST):
                disturbed, reached = self._bench(), self._bench()
                if not _loses(disturbed, stream, page):
                    break
                if page > 1:
                    reached.poll(stream, kill_after=page - 1)
                assert state_of(disturbed) == state_of(reached), f"{stream} kept something of its lost page {page}"
                disturbed.poll(stream)
                assert state_of(disturbed) == undisturbed, f"{stream} lost what was on page {page}"

    def test_observation_changes_nothing(self) -> None:
        """Observed, a run does its work and leaves documents and checkpoint as they were."""
        for stream, bench in self._each_poll():
            observed: RunResult = bench.poll(stream, observe=True)
            assert not bench.ingest.committed, f"{stream} wrote documents while it was observed"
            assert not bench.entities, f"{stream} wrote entities while it was observed"
            assert not bench.ingest.checkpoints, f"{stream} moved its checkpoint while it was observed"
            statuses: set[str] = {result.status for result in observed.batches}
            statuses |= {sync.status for sync in observed.syncs} | {write.status for write in observed.writes}
            assert statuses <= {"observed"}

    def test_deliveries_may_come_twice_and_in_reverse(self) -> None:
        """Sources repeat deliveries and do not keep their order: what comes of them is the same."""
        for stream, deliveries in self._each_webhook():
            once, twice, reverse = self._bench(), self._bench(), self._bench()
            _deliver(once, stream, deliveries)
            _deliver(twice, stream, [each for each in deliveries for _ in range(2)])
            _deliver(twice, stream, deliveries)
            _deliver(reverse, stream, deliveries[::-1])
            assert _current(twice) == _current(once), f"{stream} ends elsewhere when its deliveries are repeated"
            assert _current(reverse) == _current(once), f"{stream} ends elsewhere when its deliveries come in reverse"

    def test_every_webhook_is_proved_by_a_secret(self) -> None:
        """Every webhook stream proves where its deliveries come from by a secret, or says in a sentence why not."""
        kinds = {setting.name: setting.kind for setting in self.connector.manifest().settings}
        for stream in self.connector.manifest().streams:
            if isinstance(stream.verify, Unverified):
                assert len(stream.verify.reason.split()) >= _SENTENCE, f"{stream.key} does not say why it is unverified"
            elif stream.verify is not None:
                proofs = [name for name in secrets_in(stream.verify) if kinds[name] == "secret"]
                assert proofs, f"{stream.key} is verified by no secret"
                assert covers_body(stream.verify), f"the signature of {stream.key} does not cover the body"

    def test_an_unsigned_webhook_is_refused(self, request: pytest.FixtureRequest) -> None:
        """The runtime takes a delivery signed as its stream declares, and none that is unsigned or altered."""
        schemes = {stream.key: stream.verify for stream in self.connector.manifest().streams if stream.verify}
        proved = {key: scheme for key, scheme in schemes.items() if not isinstance(scheme, Unverified)}
        if not proved:
            pytest.skip("the connector has no webhook stream that is verified")
        wall = require_wall(request.config, "to verify deliveries as it does")
        for key, scheme in proved.items():
            told = wrongly_taken(wall, scheme)
            assert told is None, f"{key} {told}"

    def test_the_source_compiles_under_the_policy(self, request: pytest.FixtureRequest) -> None:
        """The connector's modules keep to what the sandbox accepts."""
        wall = require_wall(request.config, "to check the source")
        refused = list(wall.refusals(package_of(self.connector)))
        assert not refused, "\n".join(refused)

    def test_routes_do_the_same_behind_the_wall(self, request: pytest.FixtureRequest) -> None:
        """Compiled under the policy and run in the sandbox, every route does what it does in process.

        All but the lines of its log, where a `print` is one behind the wall only.
        """
        wall = require_wall(request.config, "to run routes in its sandbox")
        if not self.http and not self.webhooks:
            pytest.skip(f"{type(self).__name__} gives no samples")
        enter(wall)
        for route in self.connector.routes:
            here, there = self._bench(), self._bench()
            here.wall, there.wall = None, wall
            here.now = there.now = here.now or datetime.now(UTC)
            one, other = (self._results(bench, route) for bench in (here, there))
            assert one == other, f"the {route.mode} route of {route.stream} does something else behind the wall"
            assert state_of(here) == state_of(there), f"{route.mode} {route.stream} ends elsewhere behind the wall"

    def _results(self, bench: ConnectorBench, route: Route) -> list[RunResult]:
        if route.mode == "poll" and self.http:
            results = [bench.poll(route.stream)]
        elif route.mode == "webhook":
            results = _deliver(bench, route.stream, self.webhooks.get(route.stream, ()))
        elif self.http and route.stream in self.backfills:
            windows = windows_of(route.stream, self.backfills[route.stream])
            results = [bench.backfill(route.stream, start, end) for start, end in windows]
        else:
            results = []
        return [replace(result, logs=()) for result in results]

    def _each_poll(self) -> Iterator[tuple[str, ConnectorBench]]:
        """Yield every poll stream with a fresh bench; skips visibly when there is nothing to read."""
        streams = [route.stream for route in self.connector.routes if route.mode == "poll"]
        if not streams:
            pytest.skip("the connector polls no stream")
        if not self.http:
            pytest.skip(f"{type(self).__name__} gives no http samples")
        for stream in streams:
            yield stream, self._bench()

    def _each_webhook(self) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield every webhook stream with its deliveries; skips visibly when there are none to try."""
        streams = [route.stream for route in self.connector.routes if route.mode == "webhook"]
        if not streams:
            pytest.skip("the connector has no webhook stream")
        if not self.webhooks:
            pytest.skip(f"{type(self).__name__} gives no webhook samples")
        for stream in streams:
            assert self.webhooks.get(stream), f"webhooks holds no delivery of {stream}"
            yield stream, self.webhooks[stream]


def _deliver(bench: ConnectorBench, stream: str, deliveries: Sequence[Any]) -> list[RunResult]:
    return [_delivered(bench, stream, each) for each in deliveries]


def _delivered(bench: ConnectorBench, stream: str, delivery: Any) -> RunResult:
    if isinstance(delivery, Request):
        headers, params, delivery_id = delivery.headers, delivery.params, delivery.delivery_id
        return bench.webhook(stream, body=delivery.body, headers=headers, params=params, delivery_id=delivery_id)
    if isinstance(delivery, bytes):
        return bench.webhook(stream, body=delivery)
    return bench.webhook(stream, json=delivery)


def _current(bench: ConnectorBench) -> Any:
    """Return what stands now; by which versions it came to that may differ with the order."""
    return {key: (found.version.payload_hash, found.retired) for key, found in bench.ingest.committed.items()}


def _loses(bench: ConnectorBench, stream: str, page: int) -> bool:
    try:
        return bench.poll(stream, lose_page=page).lost
    except PageLost:
        return True
