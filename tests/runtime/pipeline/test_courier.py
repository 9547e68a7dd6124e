"""Deliveries against a real receiver: what is sent, what becomes of it, and what is left when a worker dies."""

import base64
import hashlib
import hmac
import json
import time

import pytest

from levada import standard_webhooks
from levada_runtime.access.signatures import Verified, verify
from levada_runtime.foundation.logging import MASK
from levada_runtime.pipeline.destinations.send_webhook import LONGEST_EXCERPT

ALICE = {"email": "alice@acme.co"}
KEY = "whsec_" + base64.b64encode(b"a key of twenty-four by!").decode()


def states(plant):
    return [(row.state, row.attempts) for row in plant.rows()]


def test_a_receiver_that_fails_three_times_gets_one_delivery_under_one_id(plant, hook, receiver):
    """Four attempts, each after its step, one id and one body throughout; it arrives once."""
    receiver.answers = [500, 503, 429]
    plant.deploy(hook())
    plant.send(ALICE)
    plant.work()
    for step in (30, 120, 600):
        assert plant.wait(seconds=step - 1) == 0
        assert plant.wait(seconds=1) == 1
    assert plant.wait(days=30) == 0
    shown = plant.show()
    assert (shown["state"], shown["attempts"], shown["reason"], shown["next_at"]) == ("delivered", 4, None, None)
    assert [one["status"] for one in shown["history"]] == [500, 503, 429, 200]
    assert set(receiver.ids()) == {shown["id"]}
    assert receiver.bodies() == [{"email": "alice@acme.co"}] * 4
    assert plant.figures("forward") == {"events": 1, "deliveries": 1, "delivered": 1}


def test_a_receiver_that_never_answers_well_makes_a_dead_letter(plant, hook, receiver):
    """Five attempts, then it rests, with its reason; whoever listens is told."""
    receiver.answers = [500] * 9
    plant.deploy(hook())
    plant.send(ALICE)
    plant.work()
    for step in (30, 120, 600, 3600):
        plant.wait(seconds=step)
    assert plant.wait(days=30) == 0
    assert states(plant) == [("dead", 5)]
    assert plant.show()["reason"] == "it answered 500; it was tried 5 times"
    assert plant.figures("forward")["dead"] == 1
    (told,) = plant.events("delivery.dead")
    assert (told.type, told.payload["id"], told.cause["pipelines"]) == ("forward", plant.show()["id"], ["forward"])


def test_a_receiver_that_refuses_makes_a_dead_letter_at_once_that_can_be_replayed(plant, hook, receiver):
    """The same body under the same id, with a fresh allowance; what was before stays in its history."""
    receiver.answers = [(400, {}, b"no such field"), 500]
    plant.deploy(hook())
    plant.send(ALICE)
    plant.work()
    assert plant.wait(days=30) == 0
    (dead,) = plant.deliveries.page(plant.org, state="dead", limit=10).items
    assert (dead["attempts"], dead["reason"]) == (1, "it answered 400")
    assert plant.show()["history"][0]["excerpt"] == "no such field"
    plant.deliveries.replay(plant.org, dead["id"])
    assert plant.work() == 1
    assert states(plant) == [("retrying", 2)]
    assert plant.wait(seconds=30) == 1
    assert states(plant) == [("delivered", 3)]
    assert len(set(receiver.ids())) == len({body for *_, body in receiver.requests}) == 1
    assert plant.figures("forward") == {"events": 1, "deliveries": 1, "dead": 1, "delivered": 1}


@pytest.mark.parametrize(("asked", "seconds"), [("7", 7), ("5000", 5000), ("Sun, 01 Mar 2026 12:00:42 GMT", 42)])
def test_a_receiver_may_say_when_to_come_back(plant, hook, receiver, asked, seconds):
    """In seconds or as a date, sooner or later than the next step."""
    receiver.answers = [(503, {"Retry-After": asked}, b"")]
    plant.deploy(hook())
    plant.send(ALICE)
    plant.work()
    assert plant.wait(seconds=seconds - 1) == 0
    assert plant.wait(seconds=1) == 1
    assert states(plant) == [("delivered", 2)]


def test_what_is_signed_can_be_verified(plant, hook, receiver):
    """By the standard, over the id, the time and the very bytes that were sent."""
    plant.secrets.set(plant.org, "crm", KEY)
    plant.deploy(hook(auth="{ hmac: crm }"))
    plant.send(ALICE)
    plant.work()
    ((_, headers, body),) = receiver.requests
    verdict = verify(standard_webhooks("crm"), {"crm": KEY}, headers, body, plant.clock.now())
    assert isinstance(verdict, Verified)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(b"a key of twenty-four by!", signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("levada/")


def test_a_secret_that_is_no_base64_is_the_key_itself(plant, hook, receiver):
    """What an operator has agreed upon with a receiver is not always spelled as the standard likes."""
    plant.secrets.set(plant.org, "crm", "not base64!")
    plant.deploy(hook(auth="{ hmac: crm }"))
    plant.send(ALICE)
    plant.work()
    ((_, headers, body),) = receiver.requests
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(b"not base64!", signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_no_secret_is_in_any_row(plant, hook, receiver):
    """Not in the delivery, and not in what a receiver says back."""
    plant.secrets.set(plant.org, "token", "hunter-two-hunter-two")
    plant.secrets.set(plant.org, "more", "another-secret-of-ours")
    text = hook(auth="{ bearer: token }", headers="{ X-More: 'key=$secret.more' }")
    receiver.answers = [lambda headers, body: (400, {}, f"{headers['authorization']} {headers['x-more']}".encode())]
    assert plant.deploy(text)["warnings"] == []
    plant.send(ALICE)
    plant.work()
    ((_, headers, _),) = receiver.requests
    assert (headers["authorization"], headers["x-more"]) == (
        "Bearer hunter-two-hunter-two",
        "key=another-secret-of-ours",
    )
    assert plant.show()["history"][0]["excerpt"] == f"Bearer {MASK} key={MASK}"
    with plant.store.read() as uow:
        (row,) = plant.rows()
        kept = f"{row} {uow.deliveries.attempts(row)} {plant.events()} {plant.pipelines.get(plant.org, 'forward')}"
    assert "hunter" not in kept
    assert "another-secret" not in kept


def test_a_delivery_waits_for_a_secret_that_is_not_there(plant, hook, receiver):
    """Deploying warns of it; once it is set the delivery arrives."""
    assert "no secret 'crm'" in plant.deploy(hook(auth="{ bearer: crm }"))["warnings"][0]
    plant.send(ALICE)
    plant.work()
    assert states(plant) == [("retrying", 1)]
    assert "there is no secret 'crm'" in plant.show()["reason"]
    plant.secrets.set(plant.org, "crm", "there-now")
    plant.secrets.set(plant.other, "crm", "not-this-one")
    plant.wait(seconds=30)
    assert states(plant) == [("delivered", 2)]
    assert receiver.requests[0][1]["authorization"] == "Bearer there-now"


def test_a_redirect_is_not_followed(plant, hook, receiver):
    """Where a delivery goes is said by the pipeline, not by whoever answers."""
    receiver.answers = [(307, {"Location": f"{receiver.url}/elsewhere"}, b"")]
    plant.deploy(hook())
    plant.send(ALICE)
    plant.work()
    assert len(receiver.requests) == 1
    assert plant.show()["reason"] == "it answered 307, a redirect, which is not followed"
    assert states(plant) == [("dead", 1)]


def test_a_place_the_operator_does_not_allow_is_never_called(plant, hook, receiver):
    """A private address is dead at once, and its reason names the way out."""
    plant.deploy(hook().replace(receiver.url, "http://127.0.0.1:9"))
    plant.deploy(hook(name="meta").replace(receiver.url, "https://169.254.169.254"))
    plant.send(ALICE)
    plant.work()
    assert states(plant) == [("dead", 1)] * 2
    assert all("LEVADA_DELIVERIES__ALLOW_PRIVATE" in row.reason for row in plant.rows())


@pytest.mark.parametrize("patience_s", [0.5])
def test_a_receiver_that_hangs_or_is_gone_is_tried_again(plant, hook, receiver):
    """Neither a timeout nor a refused connection says anything about the delivery."""
    receiver.answers = [lambda *_: time.sleep(1) or 200]
    plant.deploy(hook())
    plant.send(ALICE)
    plant.work()
    assert (plant.show()["state"], plant.show()["reason"]) == ("retrying", f"{receiver.place} did not answer in time")
    receiver.server.shutdown()  # a socket that another thread looks at goes on listening after it was closed
    receiver.server.server_close()
    plant.wait(seconds=30)
    assert plant.show()["reason"] == f"no connection to {receiver.place}"
    assert states(plant) == [("retrying", 2)]


def test_a_long_answer_is_kept_as_an_excerpt(plant, hook, receiver):
    """However much it is, and whatever it is."""
    receiver.answers = [(500, {}, b"\x00\xff" + "ü".encode() * 2_000_000)]
    plant.deploy(hook())
    plant.send(ALICE)
    plant.work()
    (attempt,) = plant.show()["history"]
    assert attempt["excerpt"] == "��" + "ü" * (LONGEST_EXCERPT - 2)


def test_a_worker_that_dies_after_sending_leaves_a_delivery_that_is_sent_again(plant, hook, receiver):
    """The receiver sees the id twice and can tell; our own store says delivered once."""
    plant.deploy(hook())
    plant.send(ALICE)
    for token in plant.claim()["pipeline"]:
        plant.reactor.execute(token)
    (token,) = plant.claim()["deliver"]
    taken = plant.courier._take(token)
    assert plant.courier._send(taken).ending == "delivered"
    assert states(plant) == [("delivering", 0)]
    plant.lose_workers()
    assert plant.work() == 1
    shown = plant.show()
    assert shown["state"] == "delivered"
    assert [one["error"] is None for one in shown["history"]] == [False, True]
    assert "its worker died" in shown["history"][0]["error"]
    assert receiver.ids() == [shown["id"]] * 2
    assert plant.figures("forward")["delivered"] == 1


def test_a_worker_that_was_given_up_writes_nothing_more(plant, hook, receiver):
    """What it found out counts no longer: somebody else is at it."""
    plant.deploy(hook())
    plant.send(ALICE)
    for token in plant.claim()["pipeline"]:
        plant.reactor.execute(token)
    (stale,) = plant.claim()["deliver"]
    taken = plant.courier._take(stale)
    plant.lose_workers()
    (token,) = plant.claim()["deliver"]
    with pytest.raises(Exception, match=str(stale[0])):
        plant.courier._settle(stale, taken, plant.courier._send(taken), 1)
    plant.courier.execute(stale)
    assert states(plant) == [("delivering", 0)]
    plant.courier.execute(token)
    assert states(plant) == [("delivered", 2)]
    assert len(receiver.requests) == 2


def test_a_delivery_that_kills_its_workers_is_dead_in_the_end(plant, hook):
    """Else it would take one worker after another with it."""
    plant.deploy(hook())
    plant.send(ALICE)
    for token in plant.claim()["pipeline"]:
        plant.reactor.execute(token)
    for _ in range(5):
        (token,) = plant.claim()["deliver"]
        assert plant.courier._take(token) is not None
        plant.clock.pass_time(minutes=5)
        with plant.store.write() as uow:
            row = uow.work.get(token[0])
            uow.work.release(row, not_before=plant.clock.now(), attempt=row.attempt)
    plant.work()
    assert plant.show()["state"] == "dead"
    assert "again and again" in plant.show()["reason"]


def test_deliveries_of_one_entity_stay_in_line_and_others_pass(plant, hook, receiver):
    """What comes later for Alice waits for what came first; Ben does not."""
    ben = {"email": "ben@acme.co"}
    upsert = """
actions:
  - upsert.entity: { kind: user, external_id: $event.payload.email, traits: { n: $event.payload.n } }
"""
    receiver.answers = [500]
    plant.deploy(hook(actions=upsert).replace("email: $event.payload.email }", "n: $entity.user.n }"))
    plant.send({**ALICE, "n": 1})
    plant.work()
    plant.send({**ALICE, "n": 2}, {**ben, "n": 3}, {**ALICE, "n": 4})
    plant.work()
    assert [body["n"] for body in receiver.bodies()] == [1, 3]
    assert [row.state for row in plant.rows()] == ["retrying", "pending", "delivered", "pending"]
    assert {row.subject for row in plant.rows()} == {"entity:user:alice@acme.co", "entity:user:ben@acme.co"}
    plant.wait(seconds=30)
    assert [body["n"] for body in receiver.bodies()] == [1, 3, 1, 2, 4]


def test_a_destination_that_fails_is_retried_alone(plant, hook, receiver):
    """The one that succeeded is not sent to again."""
    second = f"""  - webhook.out:
      url: {receiver.url}/second
"""
    receiver.answers = [lambda headers, body: 200, 500]
    plant.deploy(hook() + second)
    plant.send(ALICE)
    plant.work()
    plant.wait(seconds=30)
    assert [path for path, *_ in receiver.requests] == ["/forward", "/second", "/second"]
    assert states(plant) == [("delivered", 1), ("delivered", 2)]


def test_a_destination_that_keeps_failing_is_left_alone_for_a_while(plant, hook, receiver):
    """After ten failures in a row the rest wait without using up attempts; a probe that arrives lets them all go."""
    receiver.answers = [500] * 11
    plant.deploy(hook())
    plant.send(*[{"email": f"{number}@acme.co"} for number in range(30)])
    plant.work()
    assert len(receiver.requests) == 10
    assert sorted(states(plant)) == [("pending", 0)] * 20 + [("retrying", 1)] * 10
    assert "10 times in a row" in next(row.reason for row in plant.rows() if row.state == "pending")
    plant.wait(seconds=30)
    assert len(receiver.requests) == 11
    plant.wait(seconds=30)
    assert len(receiver.requests) > 11
    plant.wait(minutes=3)
    plant.wait(minutes=30)
    assert {row.state for row in plant.rows()} == {"delivered"}
    assert len(receiver.requests) == 30 + 11
    assert sum(row.attempts for row in plant.rows()) == 30 + 11


def lines(settings, path="signups.jsonl"):
    return [json.loads(line) for line in (settings.out_dir / path).read_text().splitlines()]


FILE = """
pipeline: keep
sources: [{ type: sdk.event }]
destinations:
  - file.out: { path: signups.jsonl, body: { email: $event.payload.email } }
"""


def test_file_out_appends_a_line_for_each_delivery(plant, settings):
    """With the delivery's id, so that a reader can tell what came twice; only the owner can read it."""
    plant.deploy(FILE)
    plant.send(ALICE, {"email": "b"})
    plant.work()
    assert lines(settings) == [
        {"id": row.uid, "body": {"email": email}}
        for row, email in zip(plant.rows(), ("alice@acme.co", "b"), strict=True)
    ]
    assert (settings.out_dir / "signups.jsonl").stat().st_mode & 0o077 == 0


def test_file_out_writes_a_line_once_though_a_worker_died_after_it(plant, settings):
    """The next worker finds the line, and takes away what another had only begun to write."""
    plant.deploy(FILE)
    plant.send(ALICE)
    for token in plant.claim()["pipeline"]:
        plant.reactor.execute(token)
    (token,) = plant.claim()["deliver"]
    plant.courier._send(plant.courier._take(token))
    plant.lose_workers()
    plant.work()
    assert [row.state for row in plant.rows()] == ["delivered"]
    assert len(lines(settings)) == 1
    with (settings.out_dir / "signups.jsonl").open("a") as file:
        file.write('{"id":"msg_half","body":{"em')
    plant.send({"email": "b"})
    plant.work()
    assert [line["body"]["email"] for line in lines(settings)] == ["alice@acme.co", "b"]


def test_file_out_stays_in_its_folder(plant, settings, tmp_path):
    """A link that leads out of it is not followed, neither as a folder nor as the file."""
    outside = tmp_path / "outside"
    outside.mkdir()
    settings.out_dir.mkdir(parents=True)
    (settings.out_dir / "folder").symlink_to(outside)
    (settings.out_dir / "link").symlink_to(outside / "file")
    plant.deploy(FILE.replace("signups.jsonl", "folder/a"))
    plant.deploy(FILE.replace("signups.jsonl", "link").replace("keep", "link"))
    plant.send(ALICE)
    plant.work()
    assert list(outside.iterdir()) == []
    assert {row.state for row in plant.rows()} == {"dead", "retrying"}


def test_log_writes_a_line_in_the_log(plant, capsys):
    """At the level that was asked for."""
    plant.deploy(
        "pipeline: tell\nsources: [{ type: sdk.event }]\n"
        "destinations:\n  - log: { level: warning, message: 'hello $event.payload.email' }\n"
    )
    plant.send(ALICE)
    plant.work()
    assert [row.state for row in plant.rows()] == ["delivered"]
    said = "".join(capsys.readouterr())
    assert "hello alice@acme.co" in said
    assert plant.rows()[0].uid in said
