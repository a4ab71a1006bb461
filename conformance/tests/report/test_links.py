"""Sources of requirements as links."""

import pytest

from dra_conformance.catalogue import load_catalogue
from dra_conformance.report.links import linked

ROOT = "https://github.com"


@pytest.mark.parametrize(
    ("source", "url"),
    [
        (
            "k8s.io/kubelet pkg/apis/dra/v1/api.proto",
            f"{ROOT}/kubernetes/kubelet/blob/release-1.37/pkg/apis/dra/v1/api.proto",
        ),
        (
            "kubernetes pkg/kubelet/cm/dra/manager.go (retry)",
            f"{ROOT}/kubernetes/kubernetes/blob/release-1.37/pkg/kubelet/cm/dra/manager.go",
        ),
        ("KEP-4381 README", f"{ROOT}/kubernetes/enhancements/issues/4381"),
        (
            "dynamic-resource-allocation structured/internal/*/pools",
            f"{ROOT}/kubernetes/dynamic-resource-allocation/blob/release-1.37/structured/internal/",
        ),
        ("measured in kubernetes#141471", f"{ROOT}/kubernetes/kubernetes/issues/141471"),
    ],
)
def test_a_known_source_has_a_link(source: str, url: str) -> None:
    assert [part.url for part in linked(source) if part.url] == [url]


def test_no_text_is_lost_and_most_sources_have_a_link() -> None:
    sources = [requirement.source for requirement in load_catalogue().values()]
    for source in sources:
        assert "".join(part.text for part in linked(source)) == source
    with_link = sum(any(part.url for part in linked(source)) for source in sources)
    assert with_link > 0.85 * len(sources)
