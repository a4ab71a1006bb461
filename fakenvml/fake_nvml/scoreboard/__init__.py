"""``fake-nvml scoreboard``: how much of NVML has behaviour, measured by walking the library, not counted from source."""

from fake_nvml.scoreboard.measuring import main, measure

__all__ = ["main", "measure"]
