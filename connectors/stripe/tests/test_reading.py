"""Reading lists and events: nothing is missed and nothing doubled, in whatever order Stripe gives them."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levada import SourceRefused
from levada_stripe import reading
from levada_stripe.reading import API_VERSION, KEPT

ORDERS = pytest.mark.parametrize("newest_first", [True, False], ids=["newest first", "oldest first"])


def names(bench):
    """Return the current customers by id."""
    return {key.rpartition(":")[2]: bench.documents[key]["name"] for key in bench.documents}


def truth(shop):
    return {row_id: row["name"] for row_id, row in shop.rows["customer"].items()}


@ORDERS
def test_everything_is_read_once_and_then_only_what_changed(open_shop, newest_first):
    """The second run asks for events, not for the list, and makes a version of the one that changed."""
    shop = open_shop(newest_first=newest_first)
    bench = shop.bench()
    shop.poll(bench, "customers")
    assert names(bench) == truth(shop)
    shop.later(600)
    quiet = shop.poll(bench, "customers")
    assert {request.path for request in quiet.requests} == {"/v1/events"}
    assert sum(batch.created + batch.updated for batch in quiet.batches) == 0
    shop.put("customer", 3, name="Ada")
    shop.put("customer", 99, name="New")
    run = shop.poll(bench, "customers")
    assert names(bench) == truth(shop)
    assert [(batch.created, batch.updated) for batch in run.batches] == [(1, 1)]


@ORDERS
@pytest.mark.parametrize("killed_after", [1, 2, 3])
def test_a_run_killed_in_the_middle_is_resumed_and_misses_nothing(open_shop, newest_first, killed_after):
    """What was created, changed and deleted meanwhile is there, and pages that were read are not read again."""
    shop = open_shop(newest_first=newest_first)
    bench = shop.bench()
    assert shop.poll(bench, "customers", kill_after=killed_after).killed
    shop.later(7200)
    shop.put("customer", 50, name="Created meanwhile")
    for number in (0, 3, 6):
        shop.put("customer", number, name="Changed meanwhile")
    shop.later()
    shop.delete("customer", 1)
    shop.delete("customer", 5)
    resumed = shop.poll(bench, "customers")
    assert names(bench) == truth(shop)
    lists = [request for request in resumed.requests if request.path == "/v1/customers"]
    assert bool(lists[0].params.get("starting_after")) == (killed_after > 1)


def test_a_place_that_is_gone_is_not_stumbled_over(open_shop):
    """Stripe refuses a cursor that was deleted; the list is then read from its beginning."""
    shop = open_shop()
    bench = shop.bench()
    shop.poll(bench, "customers", kill_after=2)
    place = bench.checkpoint("customers")["after"]
    shop.delete("customer", place.rpartition("_")[2])
    shop.poll(bench, "customers")
    assert names(bench) == truth(shop)
    assert place not in names(bench)


@ORDERS
def test_events_of_one_second_are_settled_by_asking(open_shop, newest_first):
    """Their order cannot be known, so the object is asked for; an object with one latest event is not."""
    shop = open_shop(newest_first=newest_first)
    bench = shop.bench()
    shop.poll(bench, "customers")
    shop.later(3600)
    shop.put("customer", 1, name="First")
    shop.put("customer", 1, name="Second")
    shop.put("customer", 2, name="Only")
    shop.later(60)
    run = shop.poll(bench, "customers")
    assert names(bench) == truth(shop)
    asked = {request.path for request in run.requests}
    assert asked == {"/v1/events", "/v1/customers/customer_1"}


def test_an_event_in_another_version_of_the_api_is_not_taken_at_its_word(open_shop):
    """Its object may be of another shape; it is asked for in ours."""
    shop = open_shop(version="2017-08-15")
    bench = shop.bench()
    shop.poll(bench, "customers")
    shop.later(3600)
    shop.put("customer", 1, name="Ada")
    run = shop.poll(bench, "customers")
    assert names(bench)["customer_1"] == "Ada"
    assert "/v1/customers/customer_1" in {request.path for request in run.requests}
    assert {request.headers["Stripe-Version"] for request in run.requests} == {API_VERSION}


@ORDERS
def test_deleted_customers_are_retired(open_shop, newest_first):
    """Even when they were changed in the second in which they went, and never come back by being read again."""
    shop = open_shop(newest_first=newest_first)
    bench = shop.bench()
    shop.poll(bench, "customers")
    shop.later(3600)
    shop.put("customer", 4, name="Last words")
    shop.delete("customer", 4)
    assert [one.outcome for one in shop.poll(bench, "customers").retired] == ["retired"]
    assert names(bench) == truth(shop)
    shop.later(60)
    shop.poll(bench, "customers")
    assert names(bench) == truth(shop)


def test_an_object_that_went_while_it_was_asked_for_is_retired(open_shop):
    """Between its event and the question, it can go."""
    shop = open_shop()
    bench = shop.bench()
    shop.put("invoice", 1, status="draft", currency="eur", total=100)
    shop.poll(bench, "invoices")
    shop.later(3600)
    shop.put("invoice", 1, total=200)
    shop.put("invoice", 1, total=300)
    shop.delete("invoice", 1)
    shop.events.pop()
    shop.poll(bench, "invoices")
    assert "stripe:invoice:invoice_1" not in bench.documents


def test_who_comes_after_events_were_thrown_away_reads_everything_again(open_shop):
    """Stripe keeps them for thirty days; the run says so in its log."""
    shop = open_shop()
    bench = shop.bench()
    shop.poll(bench, "customers")
    shop.put("customer", 1, name="Changed long ago")
    shop.later(int((KEPT + timedelta(days=2)).total_seconds()))
    run = shop.poll(bench, "customers")
    assert names(bench) == truth(shop)
    assert [line.level for line in run.logs] == ["warning"]


def test_a_long_absence_is_caught_up_slice_by_slice(open_shop):
    """Each quarter of a day commits with its checkpoint, so a run that is killed goes on from there."""
    shop = open_shop()
    bench = shop.bench()
    shop.poll(bench, "customers")
    for number in range(12):
        shop.later(6 * 3600)
        shop.put("customer", number % 7, name=f"Version {number}")
    shop.later(60)
    before = bench.checkpoint("customers")["since"]
    assert shop.poll(bench, "customers", kill_after=5).killed
    assert bench.checkpoint("customers")["since"] == before + 5 * 6 * 3600
    run = shop.poll(bench, "customers")
    assert names(bench) == truth(shop)
    assert 7 <= run.pages <= 9


@pytest.mark.levada_in_process(reason="it makes a limit of the module smaller, for this process alone")
def test_a_long_list_is_read_over_several_runs(open_shop, monkeypatch):
    """A run has limits; it stops before them and the next one goes on."""
    monkeypatch.setattr(reading, "PAGES", 2)
    shop = open_shop(customers=14)
    bench = shop.bench()
    reached = []
    for _ in range(3):
        run = shop.poll(bench, "customers")
        reached.append((len(run.documents), run.checkpoint["reading"]))
    assert reached == [(6, True), (12, True), (14, False)]
    assert names(bench) == truth(shop)


@ORDERS
@pytest.mark.parametrize("events", ["none", "type"])
def test_without_events_by_type_everything_is_read_each_time(open_shop, newest_first, events):
    """A source that has no such list, or refuses the filter, is followed all the same; it only costs more."""
    shop = open_shop(newest_first=newest_first, events=events)
    bench = shop.bench()
    shop.poll(bench, "customers")
    shop.later(900)
    quiet = shop.poll(bench, "customers")
    assert sum(batch.unchanged for batch in quiet.batches) == 7
    assert sum(batch.created + batch.updated for batch in quiet.batches) == 0
    shop.put("customer", 3, name="Ada")
    shop.put("customer", 99, name="New")
    shop.later(60)
    shop.delete("customer", 5)
    shop.later(900)
    run = shop.poll(bench, "customers")
    gone = {} if events == "type" else {"customer_5": "Customer 5"}
    assert names(bench) == {**truth(shop), **gone}
    assert "everything is read again" in run.logs[0].message


def test_a_source_that_refuses_the_key_fails_the_run(open_shop):
    """Only a list that is not there is done without; a refusal is somebody's to mend."""
    shop = open_shop()
    shop.offered = "types"
    bench = shop.bench()
    bench.script["/v1/events"] = shop.answer({}, 403)
    with pytest.raises(Exception, match="403"):
        bench.poll("customers")
    bench.script |= shop.script() | {"/v1/customers": shop.answer({}, 400)}
    with pytest.raises(SourceRefused):
        bench.poll("customers")


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 9)),
        st.tuples(st.just("delete"), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.sampled_from([0, 1, 30, 4000, 50_000, 2_600_000])),
        st.tuples(st.just("poll"), st.just(0)),
        st.tuples(st.just("kill"), st.integers(1, 4)),
        st.tuples(st.just("hook"), st.integers(0, 30)),
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(operations=OPERATIONS, newest_first=st.booleans(), page=st.integers(1, 4))
def test_whatever_happens_a_last_poll_tells_the_truth(shop_class, operations, newest_first, page):
    """Changes, deletions, killed runs and webhooks in any order: in the end documents are what Stripe has."""
    shop = shop_class(newest_first=newest_first, page=page)
    bench = shop.bench()
    slept = 0
    for number, (operation, value) in enumerate(operations):
        if operation == "put" and f"customer_{value}" not in shop.gone:
            shop.put("customer", value, name=f"Name {number}")
        elif operation == "delete" and f"customer_{value}" in shop.rows["customer"]:
            shop.delete("customer", value)
        elif operation == "wait" and slept + value < KEPT.total_seconds():
            slept += value
            shop.later(value)
        elif operation in ("poll", "kill"):
            killed = shop.poll(bench, "customers", kill_after=value or None).killed
            slept = slept if killed else 0
        elif operation == "hook" and value < len(shop.events):
            bench.webhook("events", json=shop.events[value])
    shop.poll(bench, "customers")
    assert names(bench) == truth(shop)
