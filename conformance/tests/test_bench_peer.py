"""Two drivers side by side: what was measured in turns is put together, and compared."""

from dra_clusters.measures import measure
from dra_conformance.bench_peer import extend, paired, ratio


def test_the_rounds_of_each_measure_are_one_row_and_compared_with_the_peer_s() -> None:
    mine: dict[str, list[float]] = {}
    peer: dict[str, list[float]] = {}
    for first, second in ((1.0, 4.0), (2.0, 8.0), (3.0, 6.0)):
        extend(mine, {"prepare_one": [first]})
        extend(peer, {"prepare_one": [second]})
    [pair] = paired(mine, peer)
    assert [(row["median"], row["p95"], row["n"]) for row in pair] == [(2.0, 3.0, 3), (6.0, 8.0, 3)]
    assert (ratio(pair), ratio(pair, "p95")) == (0.333, 0.375)


def test_there_is_no_ratio_to_nothing() -> None:
    row, nothing = measure("idle", "%", [1.0]), measure("idle", "%", [0.0])
    assert ratio((row, nothing)) is None
