"""A validating admission webhook for opaque configuration: the checks of a prepare, when the object is written."""
