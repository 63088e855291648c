"""Everything Keepsake keeps. Only this package knows SQL.

Each function takes a connection from ``Database.read()`` or ``Database.write()``: whoever opened
the transaction decides what belongs together. Values come out as frozen dataclasses.
"""

from sqlalchemy import Connection as Transaction

from .database import Database, NestedTransaction, open_database

__all__ = ["Database", "NestedTransaction", "Transaction", "open_database"]
