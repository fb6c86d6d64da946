"""The database: tables in one place, two engines, short transactions."""
