"""Keeps the answers file equal to the node: all of it at start, then what a changed GPU can have changed.

Answers that depend on the machine only (``fixed``) are packed once, and again when a GPU is lost or comes back.
Everything else about GPU i is packed again when GPU i changes; answers about the node as a whole (handles by UUID, for
instance) whenever anything changes.
"""

from fake_nvml.answers import Answers
from fake_nvml.calls.dispatch import published
from fake_nvml.calls.registry import GETTERS, Getter, Subject
from fake_nvml.model import Node


def is_constant(getter: Getter) -> bool:
    """Whether only losing the GPU can change the answers of GETTER."""
    return getter.fixed and getter.subject in (Subject.SYSTEM, Subject.GPU)


class Publisher:
    """Writes NODE's answers into a file; ``refresh`` after every change."""

    def __init__(self, node: Node, answers: Answers) -> None:
        self._node = node
        self._answers = answers
        self._by_gpu: dict[int, set[int]] = {}
        self._lost: set[int] = set()
        constant: dict[int, bytes] = {}
        for getter in filter(is_constant, GETTERS.values()):
            constant.update(published(node, getter))
        answers.update(constant)
        node.touched.update(
            range(len(node.states))
        )  # at start nothing is published yet: every GPU counts as changed
        self.refresh()

    def refresh(self) -> None:
        """Publish what the touched GPUs answer now."""
        if not self._node.touched:
            return
        changed: dict[int, bytes] = {}
        removed: set[int] = set()
        for index in sorted(self._node.touched):
            mine = self._of_gpu(index)
            # answers of MIG instances that are gone: a client that still has the handle gets the daemon's INVALID_ARGUMENT
            removed |= self._by_gpu.get(index, set()) - mine.keys()
            self._by_gpu[index] = set(mine)
            changed.update(mine)
            # a lost GPU answers GPU_IS_LOST to everything, so even the answers that never change are replaced
            if self._node.states[index].lost != (index in self._lost):
                self._lost ^= {index}
                for getter in filter(is_constant, GETTERS.values()):
                    if getter.subject is Subject.GPU:
                        changed.update(published(self._node, getter, index))
        for getter in GETTERS.values():
            if getter.subject is Subject.SYSTEM and not getter.fixed:
                changed.update(published(self._node, getter))
        self._answers.update(changed, removed - changed.keys())
        self._node.touched.clear()

    def _of_gpu(self, index: int) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        for getter in GETTERS.values():
            if getter.subject is not Subject.SYSTEM and not is_constant(getter):
                found.update(published(self._node, getter, index))
        return found
