"""The checkpoint of the claim cache."""

import json
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dra_api.identifiers import ClaimUid, DeviceName, DriverName, PoolName
from kube_emulator.kubelet.claim_cache import (
    CHECKPOINT,
    ClaimCache,
    ClaimInfo,
    CorruptCheckpoint,
    PreparedDevice,
    decode,
    encode,
)

D, E = DriverName("d"), DriverName("e")
NAMES = st.text("abc-.", min_size=1, max_size=5)
DEVICES = st.builds(
    PreparedDevice,
    pool=NAMES,
    name=NAMES,
    requests=st.lists(NAMES).map(tuple),
    cdi_ids=st.lists(NAMES).map(tuple),
    share_id=st.none() | NAMES,
)
CLAIMS = st.builds(
    ClaimInfo,
    namespace=NAMES,
    name=NAMES,
    uid=NAMES,
    drivers=st.dictionaries(NAMES, st.lists(DEVICES, max_size=3).map(tuple), max_size=3),
    pods=st.sets(NAMES),
)


@given(st.lists(CLAIMS, max_size=4), st.booleans())
def test_a_checkpoint_gives_back_what_was_written(claims: list[ClaimInfo], skips: bool) -> None:
    for claim in claims:
        claim.skips_unprepare = frozenset(list(claim.drivers)[:1]) if skips else frozenset()
    assert decode(encode(claims)) == claims


def test_skipped_calls_are_written_as_upstream_does_and_all_of_them_are_understood() -> None:
    text = encode([ClaimInfo("ns", "c", ClaimUid("u"), {D: (), E: ()}, skips_unprepare=frozenset([D]))])
    [state] = json.loads(json.loads(text)["Data"])["ClaimInfoStateList"]
    assert state["DriverState"] == {
        "d": {"Devices": None, "skipNodeOperations": ["NodeUnprepareResources"]},
        "e": {"Devices": None},
    }
    every = json.loads(text)["Data"].replace("NodeUnprepareResources", "*")
    document = json.dumps({"Data": every, "Checksum": zlib.crc32(every.encode())}).encode()
    assert decode(document)[0].skips_unprepare == {D}


def test_prepared_is_forgotten_and_the_rest_is_kept(tmp_path: Path) -> None:
    cache = ClaimCache(tmp_path)
    device = PreparedDevice(PoolName("pool"), DeviceName("dev"), ("r",), ("example.com/gpu=0",))
    cache.claims["ns", "c"] = ClaimInfo("ns", "c", ClaimUid("uid"), {D: (device,)}, {"pod"}, prepared=True)
    cache.save()
    found = ClaimCache(tmp_path).claims["ns", "c"]
    assert not found.prepared
    assert (found.uid, found.pods, found.drivers) == ("uid", {"pod"}, {"d": (device,)})


def test_the_layout_is_the_kubelets(tmp_path: Path) -> None:
    ClaimCache(tmp_path)
    outer = json.loads((tmp_path / CHECKPOINT).read_text())
    assert outer.keys() == {"Data", "Checksum"}
    assert json.loads(outer["Data"])["kind"] == "DRACheckpoint"


@pytest.mark.parametrize("text", [b"", b"{}", b'{"Data": "x", "Checksum": 1}', b"\xff", b"[]"])
def test_a_damaged_checkpoint_stops_the_kubelet(tmp_path: Path, text: bytes) -> None:
    (tmp_path / CHECKPOINT).write_bytes(text)
    with pytest.raises(CorruptCheckpoint, match="dra_manager_state"):
        ClaimCache(tmp_path)


def test_metrics_count_prepared_claims_by_driver(tmp_path: Path) -> None:
    cache = ClaimCache(tmp_path)
    cache.claims["ns", "a"] = ClaimInfo("ns", "a", ClaimUid("1"), {D: (), E: ()}, prepared=True)
    cache.claims["ns", "b"] = ClaimInfo("ns", "b", ClaimUid("2"), {D: ()})
    assert cache.in_use() == {"<any>": 1, "d": 1, "e": 1}
