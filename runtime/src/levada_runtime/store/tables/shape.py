"""What the tables are made of: their metadata, and the columns that most of them share."""

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def org() -> sa.Column[int]:
    return sa.Column("org_id", sa.BigInteger, primary_key=True, autoincrement=False)


def connection() -> sa.Column[int]:
    return sa.Column("connection_id", sa.BigInteger, primary_key=True, autoincrement=False)


def row_id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False)


def text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null)


def number(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=null)
