"""The site's pages are the repository's Markdown files, at the same paths: one source, no copies.

Links are written for the repository. A link to a page is kept, a link to another file of the repository leads to its
source, and a link to nothing is a warning, which ``mkdocs build --strict`` makes an error.
"""

import logging
import os.path
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

log = logging.getLogger("mkdocs.hooks.repository")

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    **{
        name: name
        for name in (
            "ARCHITECTURE.md",
            "CHANGELOG.md",
            "CONTRIBUTING.md",
            "RELEASING.md",
            "SECURITY.md",
            "changelog.d/README.md",
            "clusters/README.md",
            "clusters/kube_emulator/README.md",
            "conformance/README.md",
            "driver/README.md",
            "fakenvml/README.md",
        )
    },
}
LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)\s#]+)(#[^)\s]*)?(?=\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the repository's own documents to those of ``docs/``."""
    for source, page in PAGES.items():
        if (ROOT / source).is_file():
            files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
        else:
            log.warning("the page %s does not exist in the repository", source)
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead the links of a document to pages of the site, or to the repository."""
    here = repository_path(page.file)

    def follow(match: re.Match[str]) -> str:
        target = os.path.normpath(here.parent / match[1])
        if not (ROOT / target).exists():
            log.warning("%s links to %s, which does not exist in the repository", here, match[1])
            return match[0]
        site = PAGES.get(target) or target.removeprefix("docs/")
        if files.get_file_from_path(site):
            return os.path.relpath(site, Path(page.file.src_uri).parent) + (match[2] or "")
        return f"{config.repo_url}blob/main/{target}{match[2] or ''}"

    return LINK.sub(follow, markdown)


def repository_path(file: File) -> Path:
    """Where FILE is in the repository, relative to its root."""
    return Path(str(file.abs_src_path)).relative_to(ROOT)
