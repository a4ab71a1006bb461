"""The time slice of a GPU, which only nvidia-smi can set: NVML has no public call for it. It blocks: call it in a thread."""

import re

from dra_driver.errors import EnvironmentFault
from dra_driver.sharing.programs import Programs

UNSUPPORTED = re.compile(r"not supported", re.IGNORECASE)


def set_time_slice(programs: Programs, gpu: str, interval: int) -> None:
    """Set it to Default, Short, Medium or Long (0 to 3).

    Raises:
        EnvironmentFault: nvidia-smi is missing or fails; the default on a GPU without time slices is no failure.
    """
    try:
        programs.run("nvidia-smi", "compute-policy", "-i", gpu, "--set-timeslice", str(interval))
    except EnvironmentFault as error:
        if interval == 0 and UNSUPPORTED.search(str(error)):
            return
        raise
