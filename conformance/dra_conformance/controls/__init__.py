"""Drivers that judge the suite: one that must pass, and its twins with one defect each, which must fail."""
