"""Pure: the completion indexes of an indexed Job, and how its status writes them (pkg/controller/job/indexed_job_utils.go, 1.36)."""

from collections.abc import Collection, Iterable

from dra_api.objects import Pod

INDEX = "batch.kubernetes.io/job-completion-index"


def index_of(pod: Pod) -> int | None:
    """The completion index of a pod."""
    text = (pod["metadata"].get("annotations") or {}).get(INDEX, "")
    return int(text) if text.isdigit() else None


def shown(indexes: Iterable[int]) -> str:
    """INDEXES as the API writes them: ``1,3-5,7``; two in a row are a range too."""
    runs: list[list[int]] = []
    for index in sorted(set(indexes)):
        if runs and runs[-1][1] == index - 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def read(text: str, completions: int) -> set[int]:
    """The indexes below COMPLETIONS that a text of ``shown`` names."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return {index for index in found if index < completions}


def next_indexes(taken: Collection[int], completions: int, count: int) -> list[int]:
    """The first COUNT indexes that are free."""
    free = (index for index in range(completions) if index not in taken)
    return [index for index, _ in zip(free, range(count), strict=False)]
