"""The bytes of an allocation: only pages that were written exist, and a node has a limited number of them."""

from dataclasses import dataclass, field

from fake_nvml.device_memory.results import OUT_OF_MEMORY, WorkError

PAGE = 1 << 16
NODE_PAGES = 8192
"""512 MiB: what the workloads of a node can write in all, whatever the size of its boards."""


@dataclass(slots=True)
class Budget:
    """How many more pages a node may have."""

    left: int = NODE_PAGES


@dataclass(slots=True)
class Pages:
    """Bytes from 0 to ``size``; the caller sees to it that offsets are in there."""

    size: int
    budget: Budget
    written: dict[int, bytearray] = field(default_factory=dict)

    def read(self, offset: int, length: int) -> bytes:
        """LENGTH bytes."""
        found = bytearray()
        while len(found) < length:
            number, start = divmod(offset + len(found), PAGE)
            part = min(PAGE - start, length - len(found))
            page = self.written.get(number)
            found += page[start : start + part] if page else bytes(part)
        return bytes(found)

    def write(self, offset: int, data: bytes) -> None:
        """Put DATA there.

        Raises:
            WorkError: OUT_OF_MEMORY, the node's workloads have written as much as they may.
        """
        done = 0
        while done < len(data):
            number, start = divmod(offset + done, PAGE)
            part = min(PAGE - start, len(data) - done)
            if number not in self.written:
                if not self.budget.left:
                    raise WorkError(OUT_OF_MEMORY)
                self.budget.left -= 1
                self.written[number] = bytearray(PAGE)
            self.written[number][start : start + part] = data[done : done + part]
            done += part

    def drop(self) -> None:
        """Give all pages back."""
        self.budget.left += len(self.written)
        self.written.clear()
