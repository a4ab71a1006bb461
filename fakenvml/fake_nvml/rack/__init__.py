"""Racks: nodes that are the trays of NVLink domains, described, served together, and broken at places that several of them see."""
