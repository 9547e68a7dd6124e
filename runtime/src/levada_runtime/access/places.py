"""What a seal is bound to: where each kind of secret lies, so that none opens anywhere else."""


def connection_place(org_id: int, connection_id: int, name: str) -> str:
    return f"{org_id}/{connection_id}/{name}"


def org_place(org_id: int, name: str) -> str:
    return f"{org_id}/org/{name}"
