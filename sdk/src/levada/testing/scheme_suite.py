"""Law 7 of ingest, idempotency schemes; `levada.testing.ingest_suite` holds every ingest to it with the others."""

from typing import Any

import pytest

from levada.errors import BadRecord, BatchRejected
from levada.testing.ingest_bench import CUSTOMER, Benches, customer, key_of, new_key_of, take


class SchemeLaws:
    """Each test is a consequence of law 7."""

    def test_a_source_that_spells_its_keys_anew_is_refused(self, ingest_bench: Benches) -> None:
        """Law 7: both keys and the way out are told, and nothing is imported a second time."""
        bench = ingest_bench()
        take(bench, customer(1), customer(2))
        bench.commit_page()
        batch = bench.ingest.batch(
            CUSTOMER, [customer(1), customer(3)], idempotency_key=new_key_of, continue_on_error=True
        )
        bench.commit_page()
        (failed,) = batch.failed_records
        assert (failed.reason, failed.index, failed.retryable) == ("idempotency_scheme_changed", 0, False)
        for told in (key_of(customer(1)), new_key_of(customer(1)), "accept-scheme", bench.stream, CUSTOMER):
            assert told in failed.message
        assert [(one.outcome, one.index) for one in batch.results] == [("created", 1)]
        assert set(bench.documents()) == {key_of(customer(1)), key_of(customer(2)), new_key_of(customer(3))}
        assert bench.quarantined() == ["idempotency_scheme_changed"]
        with pytest.raises(BatchRejected):
            take(bench, customer(4), customer(2), idempotency_key=new_key_of)

    @pytest.mark.parametrize("each", [True, False], ids=["pages", "one-page"])
    def test_an_accepted_scheme_keys_documents_anew(self, ingest_bench: Benches, each: bool) -> None:
        """Law 7: the document goes on under the new key, and the next change is refused again, the way back as well."""
        bench = ingest_bench()
        first = bench.ingest.canonical(CUSTOMER, customer(), idempotency_key=key_of)
        bench.commit_page()
        bench.accept_scheme(CUSTOMER)
        again = bench.ingest.canonical(CUSTOMER, customer(name="Ada"), idempotency_key=new_key_of)
        if each:
            bench.commit_page()
        assert (again.outcome, again.document_id) == ("updated", first.document_id)
        for key in (key_of, lambda _: "third"):
            with pytest.raises(BadRecord, match="accept-scheme"):
                bench.ingest.canonical(CUSTOMER, customer(), idempotency_key=key)
        bench.commit_page()
        assert {key: one["name"] for key, one in bench.documents().items()} == {new_key_of(customer()): "Ada"}
        assert len(bench.versions(new_key_of(customer()))) == 2

    @pytest.mark.parametrize("committed", [True, False], ids=["committed", "in-the-page"])
    def test_a_fan_out_is_no_change_of_scheme(self, ingest_bench: Benches, committed: bool) -> None:
        """Law 7: neither records of one call nor those whose source id is a fixed string are held against others."""
        bench = ingest_bench()
        for number in (1, 2):
            assert take(bench, customer(number), source_id="delivery") == ["created"]
            if committed:
                bench.commit_page()
        shared: dict[str, Any] = {"source_id": lambda _: "shared"}
        assert take(bench, customer(3), customer(4), **shared) == ["created", "created"]
        if committed:
            bench.commit_page()
        assert take(bench, customer(4), customer(5), customer(3), **shared) == ["unchanged", "created", "unchanged"]
        with pytest.raises(BatchRejected):
            take(bench, customer(6), **shared)

    def test_a_scheme_is_accepted_for_what_was_there(self, ingest_bench: Benches) -> None:
        """Law 7: documents that are made later are not keyed anew, nor are those that a retired one stands for."""
        bench = ingest_bench()
        bench.accept_scheme(CUSTOMER)
        take(bench, customer())
        bench.commit_page()
        bench.ingest.retire(CUSTOMER, idempotency_key=key_of(customer()))
        bench.commit_page()
        with pytest.raises(BatchRejected):
            take(bench, customer(), idempotency_key=new_key_of)
        bench.accept_scheme(CUSTOMER)
        assert take(bench, customer(), idempotency_key=new_key_of) == ["updated"]
        bench.commit_page()
        assert set(bench.documents()) == {new_key_of(customer())}
