"""The field types of every served kind, as one table, and what follows from it: wire form, documents, strict reading."""
