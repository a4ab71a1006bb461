"""Bodies: what a big or a malicious one costs everybody else."""

import asyncio

import pytest

from kube_emulator.apiserver.endpoints.bodies import converted, parse_yaml, repeated_keys


def test_aliases_that_repeat_each_other_are_refused_before_they_grow() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(ValueError, match="document contains excessive aliasing"):
        parse_yaml("\n".join(lines).encode())


def test_a_few_aliases_are_what_they_name() -> None:
    assert parse_yaml(b"a: &x [1]\nb: *x\n") == {"a": [1], "b": [1]}


def test_repeated_keys_are_found_with_their_lines() -> None:
    assert repeated_keys(b"a: 1\nb:\n  c: 1\n  c: 2\n") == ['line 4: key "c" already set in map']
    assert repeated_keys(b'{"a": {"b": 1}, "a": 2}') == ['line 1: key "a" already set in map']
    assert repeated_keys(b'{"a": {"b": 1}, "c": {"b": 1}}') == []


def test_other_requests_go_on_while_big_yaml_is_read() -> None:
    raw = b"a:\n" + b"".join(b"  k%d: some text\n" % number for number in range(30_000))

    async def count() -> tuple[int, bytes]:
        reading = asyncio.create_task(converted(raw))
        turns = 0
        while not reading.done():
            turns += 1
            await asyncio.sleep(0)
        found = reading.result()
        assert found is not None
        return turns, found.raw[:24]

    turns, begin = asyncio.run(count())
    assert turns > 10
    assert begin == b'{"a":{"k0":"some text","'


def test_malformed_big_yaml_is_left_to_whoever_reads_it() -> None:
    assert asyncio.run(converted(b"a: [")) is None
