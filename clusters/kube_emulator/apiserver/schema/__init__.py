"""The field types of every served kind in one table, and what is derived from it: protobuf, OpenAPI, strict decoding."""
