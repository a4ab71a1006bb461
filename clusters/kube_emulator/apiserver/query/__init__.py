"""Selections: label selectors, field selectors and the predicates that they are."""
