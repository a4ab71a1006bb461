"""Checks of the area: ResourceSlices and pools."""
