"""Drivers that test the suite: one that must pass, and copies of it with one defect each, which must fail."""
