"""The folders of one emulated node: what its kubelet and its drivers share on this machine."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class NodePaths:
    """A node and where its files are.

    Attributes:
        name: the name of its Node object.
        directory: the folder that holds all others.
    """

    name: str
    directory: Path

    @property
    def registry_dir(self) -> Path:
        """``/var/lib/kubelet/plugins_registry`` of a real node: where drivers put their registration socket."""
        return self.directory / "plugins_registry"

    @property
    def plugins_dir(self) -> Path:
        """``/var/lib/kubelet/plugins`` of a real node: where drivers put their DRA socket and their state."""
        return self.directory / "plugins"

    @property
    def cdi_dir(self) -> Path:
        """``/var/run/cdi`` of a real node: where drivers put CDI files."""
        return self.directory / "cdi"

    def make(self) -> None:
        """Make the folders, readable by this user only."""
        for folder in (self.registry_dir, self.plugins_dir, self.cdi_dir):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
