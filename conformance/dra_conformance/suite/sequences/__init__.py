"""Checks of many calls in a row, made by Hypothesis."""
