"""Access tokens of connections, sealed, and who is fetching the next one."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, insert_or_change, read_as
from levada_runtime.store.tables import oauth_tokens
from levada_runtime.store.tokens_model import TokenRow

_KEY = ("org_id", "connection_id", "credential")


class Tokens:
    """The tokens of all organisations; each question names one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, org_id: int, connection_id: int, credential: bytes) -> TokenRow | None:
        query = sa.select(oauth_tokens).where(*_owned(org_id, connection_id), oauth_tokens.c.credential == credential)
        return next(iter(read_as(TokenRow, self._connection.execute(query))), None)

    def of(self, org_id: int, connection_id: int) -> list[TokenRow]:
        """Return the tokens of a connection; those of a manifest that it had before may be among them."""
        return read_as(
            TokenRow, self._connection.execute(sa.select(oauth_tokens).where(*_owned(org_id, connection_id)))
        )

    def everywhere(self) -> list[TokenRow]:
        """Return the tokens of every organisation, such as for sealing them anew."""
        return read_as(TokenRow, self._connection.execute(sa.select(oauth_tokens)))

    def keep(self, row: TokenRow) -> None:
        """Enter a token, or put it in the place of the one there was."""
        insert_or_change(self._connection, oauth_tokens, as_columns(row), _KEY)

    def change(self, row: TokenRow, **values: Any) -> bool:
        """Change a token as long as its fence is that of the row; False when it was passed."""
        matching = sa.update(oauth_tokens).where(
            *_owned(row.org_id, row.connection_id),
            oauth_tokens.c.credential == row.credential,
            oauth_tokens.c.fence == row.fence,
        )
        return self._connection.execute(matching.values(**values)).rowcount == 1

    def seal_anew(self, row: TokenRow, after: bytes, now: datetime) -> bool:
        """Put a sealed value in the place of the row's; False when another has come there, or is being fetched."""
        same = oauth_tokens.c.credential == row.credential, oauth_tokens.c.sealed == row.sealed
        alone = sa.or_(oauth_tokens.c.refreshing_by.is_(None), oauth_tokens.c.refreshing_until < now)
        meant = sa.update(oauth_tokens).where(*_owned(row.org_id, row.connection_id), *same, alone)
        return self._connection.execute(meant.values(sealed=after)).rowcount == 1

    def forget(self, org_id: int, connection_id: int) -> None:
        """Take away every token of a connection."""
        self._connection.execute(sa.delete(oauth_tokens).where(*_owned(org_id, connection_id)))


def _owned(org_id: int, connection_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return oauth_tokens.c.org_id == org_id, oauth_tokens.c.connection_id == connection_id
