"""The bytes of an allocation, and the texts of its handle."""

import pytest

from fake_nvml.device_memory.handles import SIZE, FabricHandle, new_node, new_secret, pack, unpack
from fake_nvml.device_memory.pages import PAGE, Budget, Pages
from fake_nvml.device_memory.results import WorkError


def test_only_pages_that_were_written_count_and_they_are_given_back() -> None:
    budget = Budget(2)
    pages = Pages(1 << 40, budget)
    pages.write(PAGE - 1, b"ab")
    assert (budget.left, pages.read(PAGE - 2, 4)) == (0, b"\0ab\0")
    with pytest.raises(WorkError, match="CUresult 2"):
        pages.write(9 * PAGE, b"c")
    pages.drop()
    assert (budget.left, pages.read(PAGE - 2, 4)) == (2, bytes(4))


def test_a_handle_is_read_as_it_was_made_and_with_one_byte_changed_it_is_none() -> None:
    handle = FabricHandle(new_node(), new_secret())
    raw = pack(handle)
    assert (len(raw), unpack(raw)) == (SIZE, handle)
    changed = [raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :] for place in range(SIZE)]
    assert all(unpack(one) != handle for one in changed)
    # a number at the end that the exporter did not put there is no handle at all, nor is one that was cut short
    assert [
        unpack(one) for one in (changed[0], changed[-1], raw[:60] + b"abcd", raw[:40], b"", raw + b"x")
    ] == [None] * 6
