"""What a node leaves in the kernel is removed, and nothing else."""

from pathlib import Path

import pytest

from dra_clusters.node import cleanup


def hierarchy(root: Path, name: str) -> Path:
    """A controller's hierarchy of cgroup v1, as far as folders go."""
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "cgroup.procs").touch()
    return folder


def test_a_cgroup_is_made_in_each_hierarchy_once_where_controllers_share_one(tmp_path: Path) -> None:
    cpu = hierarchy(tmp_path, "cpu")
    (tmp_path / "cpuacct").symlink_to(cpu)
    memory = hierarchy(tmp_path, "memory")
    cleanup.make_cgroups("dra0a1b2c", tmp_path)
    assert [path.parent for path in sorted(tmp_path.rglob("dra0a1b2c"))] == [cpu, memory]


def test_the_cgroups_of_a_node_are_removed_with_those_of_its_pods(tmp_path: Path) -> None:
    memory = hierarchy(tmp_path, "memory")
    (memory / "dra0a1b2c/kubepods/besteffort/pod1").mkdir(parents=True)
    (memory / "other").mkdir()
    cleanup.remove_cgroups("dra0a1b2c", tmp_path)
    assert sorted(path.name for path in memory.iterdir()) == ["cgroup.procs", "other"]


@pytest.mark.parametrize("stem", ["", "..", "kubepods", "dra0a1b2c/..", "dra0a1b2cx"])
def test_what_is_no_stem_of_a_node_is_refused(stem: str) -> None:
    with pytest.raises(ValueError, match="wanted the stem of a node"):
        cleanup.clean(stem)
