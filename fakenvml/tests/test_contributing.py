"""The second worked example of CONTRIBUTING.md works as it is printed."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

FENCE = re.compile(r"^   ```python\n(.*?)^   ```$", re.MULTILINE | re.DOTALL)
TIMEOUT_S = 60


def test_the_function_of_the_second_example_is_a_getter_of_the_file_that_it_names() -> None:
    text = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()
    example = text[text.index("## Example 2") :]
    assert "`fakenvml/fake_nvml/calls/system.py`" in example
    function = textwrap.dedent(FENCE.findall(example)[-1])
    # at the end of that file, in a process of its own: it registers itself
    script = f"""
from fake_nvml.calls import system
exec({function!r}, vars(system))
from fake_nvml.model import NvmlError
try:
    system.excluded_device(None, 0)
except NvmlError as error:
    print(error.code.name)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert done.stdout == "INVALID_ARGUMENT\n", done.stderr
