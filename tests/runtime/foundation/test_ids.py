"""Row ids rise, and a document's id is read back from its spelling."""

from hypothesis import given
from hypothesis import strategies as st

from levada_runtime.foundation.ids import new_uuid, read_document, row_id, row_ids, spell_document

ROW = st.integers(min_value=0, max_value=(1 << 63) - 1)


def test_row_ids_rise_strictly_however_many_are_asked_for():
    """Ids of one process never repeat and never fall."""
    found = [row_id(), *row_ids(5000), row_id(), *row_ids(3), row_id()]
    assert found == sorted(set(found))
    assert found[-1] < 1 << 63


def test_uuids_are_of_version_seven_and_in_order_of_time():
    """Ids that people see sort by when they were made, to the millisecond."""
    found = new_uuid()
    assert found[14] == "7"
    assert found[19] in "89ab"


@given(ROW, ROW)
def test_a_documents_id_is_read_back_from_its_spelling(connection_id, document_id):
    """Spelling and reading are each other's inverse."""
    assert read_document(spell_document(connection_id, document_id)) == (connection_id, document_id)


@given(st.text(max_size=40))
def test_other_text_is_no_documents_id(text):
    """Whatever else is asked for is answered with None, never with an error."""
    place = read_document(text)
    assert place is None or spell_document(*place) == text
