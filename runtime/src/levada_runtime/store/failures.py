"""What can befall the database itself, under a name that floors without SQL can use."""

import sqlalchemy as sa

StoreUnavailable = sa.exc.OperationalError
"""The database did not do what it was asked, through no fault of what was asked: trying again later may help."""
