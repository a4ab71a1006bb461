"""Descriptors: what a driver is called and how it is started; the shipped ones are the YAML files here."""
