"""The only floor that knows SQL: an engine, the tables, and one repository a noun inside a unit of work."""
