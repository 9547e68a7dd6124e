"""Every document type over HTTP: the same routes, the same validation, described alike."""

from tests.payloads import FULL, SMALLEST

from levada.contracts import CONTRACTS


def test_the_full_payload_of_every_type_goes_in_and_out_of_the_api(api):
    """201 with what was sent, 200 unchanged the second time, by the plural of each; its schema is in the document."""
    for document_type, payload in FULL.items():
        plural = CONTRACTS[document_type].plural
        sent = {name: value for name, value in payload.items() if name != "connection_id"}
        created = api.post(f"/v1/{plural}", sent)
        assert (created.status, created.body["object"]) == (201, document_type)
        stored = created.body["data"]["payload"]
        assert {name: stored[name] for name in SMALLEST[document_type]}.keys() == SMALLEST[document_type].keys()
        assert set(sent) <= set(stored)
        assert api.post(f"/v1/{plural}", sent).status == 200
        assert api.get(f"/v1/{plural}/{created.body['id']}").body["data"]["versions"] == 1
        (listed,) = api.get(f"/v1/{plural}").body["data"]
        assert listed["id"] == created.body["id"]


def test_the_description_has_every_contract(app):
    """Whoever reads the OpenAPI document learns of each type's fields."""
    paths = app.openapi()["paths"]
    for contract in CONTRACTS.values():
        body = paths[f"/v1/{contract.plural}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert set(body["properties"]) == set(contract.model_fields)
        assert set(body["required"]) == set(SMALLEST[contract.document_type])
