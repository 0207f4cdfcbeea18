"""The ledger's file: SQLite, written by one thread of one process."""
