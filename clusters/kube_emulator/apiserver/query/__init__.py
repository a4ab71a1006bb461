"""Label selectors and field selectors, as predicates."""
