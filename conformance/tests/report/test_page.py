"""The HTML page: what is in it, and, where there is a Chromium, what a browser makes of it."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dra_conformance.catalogue import load_catalogue
from dra_conformance.report.build import Run, document, judgements_of
from dra_conformance.report.comparison import compare
from dra_conformance.report.headline import headline
from dra_conformance.report.page import VERDICTS, page
from dra_conformance.verdict import CheckResult

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


BROWSER = next((found for name in NAMES if (found := shutil.which(name))), None)
"""The browser on this machine."""
LONG = "/sys/bus/pci/devices/" + "0000:ab:00.0/" * 30
HEAD = {
    "type": "run",
    "date": "2026-01-01",
    "profile": "core",
    "covered": ["REG-001", "REG-003", "REG-005", "IDEM-003", "PREP-001", "CDI-002"],
    "subject": {
        "name": "mine",
        "driver": "gpu.example.com",
        "digest": "sha256:0123456789abcdef",
        "command": ["my-driver", "--node={node}", LONG],
        "features": ["DRAAdminAccess"],
        "exemptions": [{"id": "CDI-002", "reason": "ticket 7", "owner": "me", "expires": "2999-01-01"}],
    },
    "suite": {
        "name": "dra-conformance",
        "version": "1",
        "catalogue": "sha256:0123456789abcdef",
        "date": "2026-01-01T00:00:00",
        "seed": 7,
        "select": "registration,prepare",
        "command": ["dra-conformance", "run", "mine.yaml"],
        "tier": "node",
    },
    "environment": {
        "kubernetes": "1.37",
        "provider": "embedded",
        "machine": "",
        "python": "3",
        "kernel": "6",
    },
}
DEVICES = [
    {"name": f"gpu-{index}", "attributes": {"uuid": {"string": f"{index:032x}"}}} for index in range(40)
]
CHANGED = [*DEVICES[:20], {"name": "gpu-20", "attributes": {"uuid": {"string": "other"}}}, *DEVICES[21:]]


def check(name: str, outcome: Any, *ids: str, **more: Any) -> CheckResult:
    return CheckResult(name=name, requirements=ids, outcome=outcome, seconds=0.1, **more)


def steps() -> tuple[dict[str, Any], ...]:
    """A long poll, what was done, and the cleanup."""
    polls = [
        {"at": index / 100, "kind": "api", "what": "GET resourceslices", "code": "200"}
        for index in range(200)
    ]
    done = [
        {
            "at": 3.0,
            "kind": "grpc",
            "what": "NodePrepareResources",
            "request": LONG * 20,
            "seconds": "0.0123456",
        },
        {"at": 3.1, "kind": "log", "what": "the driver logged", "lines": "prepared <nothing>"},
        {"at": 4.0, "kind": "grpc", "what": "NodeUnprepareResources"},
    ]
    return (*polls, *done)


def results() -> list[CheckResult]:
    both = {"message": "devices[20].attributes: wanted a; found b", "where": "devices"}
    return [
        check(
            *("a.py::same", "violated", "REG-003", "REG-005"),
            **both,
            wanted=json.dumps(DEVICES),
            found=json.dumps(CHANGED),
            why="the kubelet refuses it",
            evidence=steps(),
            seen_after=202,
            driver_log="logs/d-1.log",
        ),
        check("a.py::robust", "violated", "IDEM-003", message=LONG),
        check("a.py::exempt", "violated", "CDI-002", message="broken"),
        check("a.py::good", "passed", "PREP-001", evidence=steps()),
    ]


@pytest.fixture(scope="module")
def text() -> str:
    run = Run(head=HEAD, results=results(), interrupted=False, seconds=12.3456)
    report = document(run, judgements_of(run))
    shown = msgspec.to_builtins(report)
    return page(shown, headline(report), compare(earlier(shown), shown))


def earlier(report: dict[str, Any]) -> dict[str, Any]:
    """A report of other verdicts on another release."""
    was = {"REG-003": "pass", "PREP-001": "fail"}
    rows = [{**row, "verdict": was.get(row["id"], row["verdict"])} for row in report["requirements"]]
    return {**report, "environment": {**report["environment"], "kubernetes": "1.36"}, "requirements": rows}


def test_what_changed_since_an_earlier_run_is_shown_before_the_findings(text: str) -> None:
    changes = text[text.index('id="changes"') : text.index('id="findings"')]
    assert "1 worse, 1 better, 0 other" in changes
    assert "kubernetes 1.36, now 1.37" in changes
    assert re.search(r'worse</td><td><a href="#REG-003">.*>pass</td><td class="badge fail">fail<', changes)
    assert changes.index("REG-003") < changes.index("PREP-001")


class Outline(HTMLParser):
    """The ids, links and open elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if "id" in found:
            self.ids.append(str(found["id"]))
        if tag == "a":
            self.links.append(str(found["href"]))
        if tag not in ("meta", "br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(text: str) -> Outline:
    found = Outline()
    found.feed(text)
    return found


def test_the_verdict_comes_first_then_the_findings_then_everything(text: str) -> None:
    places = [
        text.index(part)
        for part in (
            "gpu.example.com is not conformant",
            'id="finding-REG-003"',
            'id="summary"',
            'id="PREP-001"',
        )
    ]
    assert places == sorted(places)


def test_every_element_is_closed_every_requirement_has_an_anchor_and_every_inner_link_leads_somewhere(
    text: str,
) -> None:
    found = outline(text)
    assert found.open == []
    assert len(set(found.ids)) == len(found.ids)
    assert set(load_catalogue()) <= set(found.ids)
    assert {link[1:] for link in found.links if link.startswith("#")} <= set(found.ids)
    assert any(link.startswith("https://github.com/kubernetes/kubernetes/blob/") for link in found.links)


def test_one_fault_is_one_finding_and_the_others_refer_to_it(text: str) -> None:
    assert "The same observation breaks" in text
    assert 'id="finding-REG-005"' not in text
    assert 'See <a href="#finding-REG-003">REG-003</a>' in text


def test_polls_are_folded_the_violation_is_marked_and_the_cleanup_comes_after_it(text: str) -> None:
    story = text[text.index('id="finding-REG-003"') :]
    assert "(200 times, 200)" in story
    places = [
        story.index(part)
        for part in (
            "NodePrepareResources",
            "prepared &lt;nothing&gt;",
            '<li class="here">',
            "NodeUnprepareResources",
        )
    ]
    assert places == sorted(places)
    assert "took 12 ms" in story


def test_long_values_are_a_diff_and_no_value_is_a_python_text(text: str) -> None:
    story = text[text.index('id="finding-REG-003"') : text.index('id="finding-IDEM-003"')]
    assert re.search(r"<del>-\s+&#34;string&#34;: &#34;0+14&#34;</del>", story)
    assert re.search(r"<ins>\+\s+&#34;string&#34;: &#34;other&#34;</ins>", story)
    assert "gpu-30" not in story


def test_columns_are_the_same_in_every_row(text: str) -> None:
    for table in re.findall(r"<table>(.*?)</table>", text, re.DOTALL):
        widths = {len(re.findall(r"<t[hd]", row)) for row in re.findall(r"<tr>(.*?)</tr>", table)}
        assert len(widths) == 1
    assert len(VERDICTS) == 10


def test_the_run_can_be_repeated_from_what_the_page_says(text: str) -> None:
    for part in (
        "dra-conformance run mine.yaml",
        "registration,prepare, seed 7",
        "DRAAdminAccess",
        "until 2999-01-01: ticket 7 (me)",
    ):
        assert part in text


def test_a_page_stays_small_and_loads_nothing(text: str) -> None:
    assert len(text.encode()) < 1_000_000
    assert not re.findall(r"<(?:script|img|link|iframe)[^>]+(?:src|href)=|@import|url\(", text)


def dom_after(browser: str, page: Path, script: str, *, width: int, folder: Path) -> str:
    """The document after the page ran, and then SCRIPT."""
    copy = folder / "page.html"
    text = page.read_text(encoding="utf-8")
    copy.write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += [f"--user-data-dir={folder / 'profile'}", f"--window-size={width},900", "--dump-dom"]
    done = subprocess.run([*command, copy.as_uri()], capture_output=True, text=True, timeout=180, check=True)
    return done.stdout


def measured(text: str, script: str, width: int, folder: Path) -> Any:
    """What SCRIPT puts into the title, in a browser."""
    if BROWSER is None:
        pytest.skip("no Chromium on the PATH (apt-get install chromium)")
    path = folder / "report.html"
    path.write_text(text, encoding="utf-8")
    dom = dom_after(BROWSER, path, f"document.title = JSON.stringify({script})", width=width, folder=folder)
    found = re.search(r"<title>(.*?)</title>", dom)
    assert found, dom[:500]
    return json.loads(found[1].replace("&quot;", '"').replace("&lt;", "<").replace("&amp;", "&"))


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(text: str, width: int, tmp_path: Path) -> None:
    script = f"""(() => {{ const f = document.createElement('iframe'); f.style.cssText = 'width:{width}px;height:800px;border:0';
      const html = document.documentElement.outerHTML; document.body.replaceChildren(f); f.srcdoc = ''; const d = f.contentDocument;
      d.open(); d.write(html.replace(/<script>document.title.*/s, '')); d.close();
      d.querySelectorAll('details').forEach(e => e.open = true);
      return [d.documentElement.clientWidth, d.documentElement.scrollWidth]; }})()"""
    inner, scrolled = measured(text, script, 1400, tmp_path)
    assert inner == width
    assert scrolled <= inner


@pytest.mark.slow
def test_filters_search_and_anchors_work(text: str, tmp_path: Path) -> None:
    script = """(() => { const seen = () => all('.req').filter(e => !e.hidden).length, found = {};
      const set = (e, name, value) => { e[name] = value; e.dispatchEvent(new Event('input')); };
      found.begin = seen();
      set($('level'), 'value', 'SHOULD'); found.should = all('.req').filter(e => !e.hidden).map(e => e.id); set($('level'), 'value', '');
      set($('search'), 'value', 'draplugin'); found.search = seen(); set($('search'), 'value', '');
      set($('area'), 'value', 'idempotency'); found.area = all('.req').filter(e => !e.hidden).map(e => e.id); set($('area'), 'value', '');
      all('#filter input[type=checkbox]').forEach(i => set(i, 'checked', i.value === 'fail')); found.fails = all('.req').filter(e => !e.hidden).map(e => e.id);
      location.hash = '#SCL-001'; go(); found.anchor = [$('SCL-001').hidden, $('SCL-001').open];
      dispatchEvent(new KeyboardEvent('keydown', {key: 'j'})); found.key = document.activeElement.id;
      return found; })()"""
    found = measured(text, script, 1280, tmp_path)
    assert found["begin"] == 5
    assert found["should"] == ["REG-005"]
    assert found["search"] >= 1
    assert found["area"] == ["IDEM-003"]
    assert set(found["fails"]) == {"REG-003", "IDEM-003"}
    assert found["anchor"] == [False, True]
    assert found["key"] == "finding-REG-003"
