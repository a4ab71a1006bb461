"""Writes the volumes of a pod whose content is in the API, and refreshes its tokens as the kubelet does.

After kubelet pkg/kubelet/token/token_manager.go (1.36): a token is replaced when 80 % of its time is over, or after a day.
"""

from collections.abc import Sequence

from dra_api.objects import Pod, VolumeContent
from kube_emulator.apiserver.status import ApiError
from kube_emulator.clock import Clock
from kube_emulator.kubelet.pod_environment import Look
from kube_emulator.kubelet.runtime import Runtime
from kube_emulator.kubelet.volume_files import CannotMount, IssueToken, Sources, VolumeFile, files_of

USED_UP = 0.8
LONGEST_S = 24 * 3600.0


class ApiVolumes:
    """The volumes of one pod.

    Args:
        look: finds config maps and secrets of the pod's namespace.
        issue_token: makes a token of the pod's account.
    """

    def __init__(self, runtime: Runtime, clock: Clock, look: Look, issue_token: IssueToken) -> None:
        self._runtime = runtime
        self._clock = clock
        self._look = look
        self._issue = issue_token
        self._tokens: dict[tuple[str, int], tuple[str, float]] = {}
        """{(audience, seconds): (token, when it is replaced)}."""

    def write(self, pod: Pod, host_ip: str) -> None:
        """Write the files of all volumes.

        Raises:
            CannotMount: what a volume needs does not exist.
        """
        sources = Sources(pod, "", host_ip, self._look, self._token)
        written: dict[str, Sequence[VolumeFile]] = {}
        for volume in pod["spec"].get("volumes") or []:
            try:
                files = files_of(volume, sources)
            except (CannotMount, ApiError) as error:
                message = f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}'
                raise CannotMount(message) from error
            if files is not None:
                written[volume["name"]] = files
        self._runtime.write_volumes(pod, written)

    def _token(self, pod: Pod, wanted: VolumeContent) -> str:
        """The token for a projection, the one of before as long as it is good."""
        seconds, now = int(wanted.get("expirationSeconds") or 3600), self._clock.time()
        key = wanted.get("audience", ""), seconds
        token, due = self._tokens.get(key, ("", 0.0))
        if not token or now >= due:
            token = self._issue(pod, wanted)
            self._tokens[key] = token, now + min(USED_UP * seconds, LONGEST_S)
        return token
