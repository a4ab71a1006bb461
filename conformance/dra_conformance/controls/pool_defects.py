"""Defects of pools: generations, counts, what readers see between two writes."""

from dra_conformance.controls.defect import Defect

HELPER = "kubernetes/kubernetes#127645"

POOLS = (
    Defect(
        "keeps-generation",
        ("POOL-002",),
        "writes a changed pool with the generation that it had",
        seen=HELPER,
    ),
    Defect(
        "repacks-in-place",
        ("POOL-004",),
        "moves devices between slices without a new generation",
        seen=HELPER,
    ),
    Defect("counts-late", ("POOL-005", "RSL-037"), "counts the slices that are written so far", seen=HELPER),
    Defect("publishes-early", ("RSL-037",), "publishes the first device before it has found the others"),
    Defect("leaves-half", ("POOL-007",), "does not complete a pool of which some slices are there"),
    Defect("pauses-between-slices", ("POOL-009",), "waits three seconds between two slices"),
    Defect("global-generation", ("POOL-010", "POOL-012"), "has one generation for all pools"),
)
