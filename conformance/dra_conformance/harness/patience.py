"""How long a driver is waited for that was once waited for in vain.

The first wait is as long as the kubelet's, or as the descriptor allows. A driver that has used all of it hangs, or never
does what is waited for: each further check waits only briefly, so that a run over such a driver still ends soon.
"""

AGAIN_S = 2.0


class Patience:
    """What a session has waited for in vain."""

    def __init__(self) -> None:
        self._in_vain: set[str] = set()

    def limit_s(self, what: str, allowed_s: float) -> float:
        """How long to wait for WHAT, of ALLOWED_S."""
        return min(allowed_s, AGAIN_S) if what in self._in_vain else allowed_s

    def was_in_vain(self, what: str) -> None:
        """WHAT did not come in the time that it was allowed."""
        self._in_vain.add(what)
