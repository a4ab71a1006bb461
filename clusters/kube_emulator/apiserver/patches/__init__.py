"""The patches that do not know owners of fields: JSON patch, merge patch, strategic merge patch."""
