"""The kinds, the versions in which they are served, and the registry where a request's kind is found.

A kind is stored once, in its storage version, under its *key* (the plural; ``foos.example.com`` for a kind of a CRD).
``Served`` is the kind in one group and version.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kube_emulator.releases.release import Release

GROUP = "resource.k8s.io"
VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a kind.

    Attributes:
        since: first release that serves it; None for all.
        deprecated: first release that warns about it; None for none.
    """

    name: str
    since: Release | None = None
    deprecated: Release | None = None

    def in_release(self, release: Release) -> bool:
        """Whether RELEASE knows it."""
        return self.since is None or release >= self.since

    def warns(self, release: Release) -> bool:
        """Whether RELEASE warns that it is deprecated."""
        return self.deprecated is not None and release >= self.deprecated


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind.

    Attributes:
        version: storage version.
        status: whether it has a ``/status`` subresource.
        counted: whether ``metadata.generation`` counts changes of what users want.
        others: further subresources.
        versions: all versions, preferred first; empty means the storage version only.
        also_served: (group, version) of another group that serves the same objects, as events.k8s.io does.
        custom: whether it comes from a CRD.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    status: bool = False
    categories: tuple[str, ...] = ()
    counted: bool = False
    create_on_update: bool = False
    unconditional_update: bool = True
    others: tuple[str, ...] = ()
    versions: tuple[Version, ...] = ()
    also_served: tuple[str, str] | None = None
    custom: bool = False
    singular_name: str = ""
    list_name: str = ""

    @property
    def api_version(self) -> str:
        """``v1`` or ``resource.k8s.io/v1``, the storage version."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def known_versions(self) -> tuple[Version, ...]:
        """All versions in which it is known, preferred first."""
        return self.versions or (Version(self.version),)

    @property
    def key(self) -> str:
        """The name under which it is stored."""
        return f"{self.plural}.{self.group}" if self.custom else self.plural

    @property
    def singular(self) -> str:
        """``pod``."""
        return self.singular_name or self.kind.lower()

    @property
    def list_kind(self) -> str:
        """``PodList``."""
        return self.list_name or f"{self.kind}List"

    @property
    def verbs(self) -> list[str]:
        """What can be done with it."""
        return [verb for verb in VERBS if (self.plural, verb) != ("namespaces", "deletecollection")]

    @property
    def subresources(self) -> tuple[str, ...]:
        """All of them, ``status`` too."""
        return (*self.others, "status") if self.status else self.others


@dataclass(frozen=True, slots=True)
class Served:
    """A kind by one group and version.

    Attributes:
        warning: text of the ``Warning`` header of each answer; empty for none.
    """

    resource: Resource
    group: str
    version: str
    warning: str = ""

    @property
    def api_version(self) -> str:
        """``resource.k8s.io/v1beta1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def plural(self) -> str:
        """Its name in paths."""
        return self.resource.plural

    @property
    def kind(self) -> str:
        """Its kind."""
        return self.resource.kind

    @property
    def namespaced(self) -> bool:
        """Whether its objects are in namespaces."""
        return self.resource.namespaced

    @property
    def status(self) -> bool:
        """Whether it has a ``/status``."""
        return self.resource.status

    @property
    def is_storage(self) -> bool:
        """Whether objects go out as they are stored."""
        return (self.group, self.version) == (self.resource.group, self.resource.version)


def everything(_group: str, _version: str) -> bool:
    """Serve what there is."""
    return True


class Registry:
    """The kinds of one cluster; those of CRDs come and go.

    Args:
        serves: whether a group and version of built-in kinds is to be served.

    Attributes:
        changes: counts changes, so that documents about it can be kept until it moves.
    """

    def __init__(
        self, kinds: Iterable[Resource], *, release: Release, serves: Callable[[str, str], bool] = everything
    ) -> None:
        self.release = release
        self._serves = serves
        self.changes = 0
        self._resources: dict[str, Resource] = {}
        self._served: dict[tuple[str, str, str], Served] = {}
        for kind in kinds:
            self.add(kind)

    def add(self, resource: Resource) -> None:
        """Serve a kind."""
        self.changes += 1
        self._resources[resource.key] = resource
        for version in resource.known_versions:
            wanted = resource.custom or self._serves(resource.group, version.name)
            if wanted and version.in_release(self.release):
                warning = deprecation(resource, version) if version.warns(self.release) else ""
                served = Served(resource, resource.group, version.name, warning)
                self._served[resource.group, version.name, resource.plural] = served
        if resource.also_served:
            self._served[(*resource.also_served, resource.plural)] = Served(resource, *resource.also_served)

    def remove(self, key: str) -> None:
        """Serve a kind no more; its objects are not touched."""
        self.changes += 1
        gone = self._resources.pop(key, None)
        self._served = {
            where: served for where, served in self._served.items() if served.resource is not gone
        }

    def resource(self, key: str) -> Resource:
        """The kind of that key; KeyError if there is none."""
        return self._resources[key]

    def find(self, group: str, kind: str) -> Resource | None:
        """The kind by its name."""
        for resource in self._resources.values():
            if (resource.group, resource.kind) == (group, kind):
                return resource
        return None

    def resources(self) -> list[Resource]:
        """All kinds."""
        return list(self._resources.values())

    def served(self, group: str, version: str, plural: str) -> Served | None:
        """The kind by one version, or None."""
        return self._served.get((group, version, plural))

    def group_versions(self) -> dict[tuple[str, str], list[Served]]:
        """{(group, version): kinds}; the preferred version of a group comes first."""
        found: dict[tuple[str, str], list[Served]] = {}
        for (group, version, _), served in self._served.items():
            found.setdefault((group, version), []).append(served)
        return dict(
            sorted(found.items(), key=lambda item: (item[0][0] != "", item[0][0], version_rank(item[0][1])))
        )


def deprecation(resource: Resource, version: Version) -> str:
    """The warning for a deprecated version; it stays for three releases (apiserver ``pkg/endpoints/deprecation``)."""
    since = version.deprecated
    assert since is not None
    last = Release(since.major, since.minor + 3)
    return (
        f"{resource.group}/{version.name} {resource.kind} is deprecated in v{since}+, unavailable in v{last}+"
    )


def version_rank(version: str) -> tuple[int, int, int, str]:
    """The order of versions: stable before beta before alpha, higher numbers first (apimachinery ``util/version``)."""
    for rank, stage in enumerate(("", "beta", "alpha")):
        head, _, tail = version[1:].partition(stage) if stage else (version[1:], "", "0")
        if version.startswith("v") and head.isdigit() and tail.isdigit():
            return (rank, -int(head), -int(tail), "")
    return (3, 0, 0, version)
