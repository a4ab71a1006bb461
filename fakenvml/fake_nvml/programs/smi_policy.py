"""``nvidia-smi compute-policy``, ``boost-slider`` and ``power-hint``, in the forms of 550.163.01 (watched)."""

from collections.abc import Iterator

import pynvml

from fake_nvml.programs.smi_command_line import Parser, ask_daemon, chosen, need_root

TIMESLICES = ("Default", "Short", "Medium", "Long")
POLICY_RULE, SLIDER_RULE = "+" + "-" * 37 + "+", "+" + "-" * 49 + "+"


def compute_policy(argv: list[str]) -> Iterator[str]:
    """``compute-policy -l`` and ``--set-timeslice``."""
    top = Parser(prog="nvidia-smi compute-policy", allow_abbrev=False)
    top.add_argument("-i", "--id")
    top.add_argument("-l", "--list", action="store_true")
    top.add_argument("--set-timeslice", type=int, choices=range(len(TIMESLICES)))
    arguments = top.parse_args(argv)
    gpus = chosen(arguments.id)
    if arguments.set_timeslice is not None:
        need_root()
        for index, _ in gpus:
            ask_daemon("timeslice", index, slice=arguments.set_timeslice)
            yield f"Successfully set timeslice policy with value {TIMESLICES[arguments.set_timeslice]} for GPU {index}"
        return
    yield from (
        POLICY_RULE,
        "| GPU compute policies:               |",
        "| GPU     Name           Value        |",
    )
    yield "|" + "=" * 37 + "|"
    for index, gpu in gpus:
        shown = ask_daemon("show")[pynvml.nvmlDeviceGetUUID(gpu)]
        yield f"|{index:>4}   Timeslice       {TIMESLICES[shown['timeslice']]:<14}|"
        yield POLICY_RULE


def boost_slider(argv: list[str]) -> Iterator[str]:
    """``boost-slider -l``: no machine here has one, and the real program then prints an empty table."""
    _listing("nvidia-smi boost-slider", argv)
    yield from (
        SLIDER_RULE,
        f"| {'GPU Boost Slider':<48}|",
        "| GPU     Slider       Max Value    Current Value |",
    )
    yield from ("|" + "=" * 49 + "|", f"|   {'No supported devices found':<46}|", SLIDER_RULE)


def power_hint(argv: list[str]) -> Iterator[str]:
    """``power-hint -l``: of notebooks' boards, which no machine here has."""
    _listing("nvidia-smi power-hint", argv)
    yield "No supported devices found"


def _listing(name: str, argv: list[str]) -> None:
    """Check the arguments of a verb that lists nothing."""
    top = Parser(prog=name, allow_abbrev=False)
    top.add_argument("-i", "--id")
    top.add_argument("-l", "--list", action="store_true")
    chosen(top.parse_args(argv).id)
