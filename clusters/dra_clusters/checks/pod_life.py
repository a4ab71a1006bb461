"""What a kubelet does with any pod: generations, deadlines, grace periods, tokens, hooks of devices (pkg/kubelet).

Containers that must run for a behaviour are processes of this machine in the emulator, and containers on a real kubelet.
"""

from typing import Any

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.node_scenario import POD_S, NodeScenario

KUBELET = UPSTREAM + "pkg/kubelet/"
NEEDS = ("api", "scheduler", "controllers", "kubelet")
RUN = "dra-conformance.dev/run"
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 # a path


def shell(line: str) -> list[Any]:
    """Containers of which one runs a line of shell."""
    command = ["/bin/sh", "-c", line]
    return [{"name": "c", "image": "example.com/none", "imagePullPolicy": "IfNotPresent", "command": command}]


def log_of(context: CheckContext, pod: str, query: str = "") -> str:
    """What the pod printed."""
    return context.client.send("GET", context.path("pods", pod, "log") + query).text


def run_to_end(context: CheckContext, line: str) -> str:
    """What a pod prints that runs a line of shell as a process; waits for its success."""
    scenario = NodeScenario(context)
    pod = scenario.run(
        annotations={RUN: "true"},
        containers=shell(line),
        restartPolicy="Never",
        automountServiceAccountToken=True,
    )
    eventually(
        lambda: scenario.read("pods", pod)["status"].get("phase") == "Succeeded", f"pod {pod} succeeds"
    )
    return log_of(context, pod)


@behaviour("kubelet/observes-generations", KUBELET + "status/status_manager.go; KEP 5067", needs=NEEDS)
def observes_generations(context: CheckContext) -> None:
    """The status of a pod says to which generation it belongs, also after a change of the spec."""
    scenario = NodeScenario(context).ready()
    pod = scenario.run()
    scenario.running(pod)
    eventually(
        lambda: scenario.read("pods", pod)["status"].get("observedGeneration") == 1,
        "generation 1 is observed",
    )
    context.patch("merge", "pods", pod, {"spec": {"activeDeadlineSeconds": 1000}}).expect(200)
    eventually(
        lambda: scenario.read("pods", pod)["status"].get("observedGeneration") == 2,
        "generation 2 is observed",
    )


@behaviour("kubelet/ends-pods-at-their-deadline", KUBELET + "active_deadline.go", needs=NEEDS)
def ends_at_deadline(context: CheckContext) -> None:
    """A pod that is active for longer than activeDeadlineSeconds fails with reason DeadlineExceeded."""
    scenario = NodeScenario(context).ready()
    pod = scenario.run(activeDeadlineSeconds=1)
    eventually(lambda: scenario.read("pods", pod)["status"].get("phase") == "Failed", "the pod fails")
    same(scenario.read("pods", pod)["status"]["reason"], "DeadlineExceeded", "reason")


@behaviour(
    "kubelet/long-grace-period", KUBELET + "pod_workers.go; e2e Pods Generation, graceful delete", needs=NEEDS
)
def long_grace(context: CheckContext) -> None:
    """A pod that is deleted with more grace than its own is there still, terminating, and goes when the time is shortened."""
    scenario = NodeScenario(context).ready()
    pod = scenario.run()
    scenario.running(pod)
    context.delete("pods", pod, {"gracePeriodSeconds": 60}).expect(200)
    found = scenario.read("pods", pod)["metadata"]
    same((found["deletionGracePeriodSeconds"], found["generation"]), (60, 2), "grace period and generation")
    context.delete("pods", pod, {"gracePeriodSeconds": 1}).expect(200)
    scenario.gone(pod)


@behaviour(
    "kubelet/failing-hook-fails-the-container",
    "runtime-spec 1.3 runtime.md, lifecycle; CDI 1.1 hooks",
    needs=NEEDS,
)
def failing_hook(context: CheckContext) -> None:
    """A createContainer hook of a device that fails keeps the command from running, and its words are in the status."""
    scenario = NodeScenario(context).ready()
    arguments = ["sh", "-c", "echo no such library >&2; exit 3"]
    scenario.plugin.hooks = [{"hookName": "createContainer", "path": "/bin/sh", "args": arguments}]
    uses = {"resources": {"claims": [{"name": "c0"}]}}
    pod = scenario.run(
        scenario.claim(),
        annotations={RUN: "true"},
        containers=[{**one, **uses} for one in shell("exit 0")],
        restartPolicy="Never",
    )
    eventually(lambda: scenario.read("pods", pod)["status"].get("phase") == "Failed", "the pod fails", 60)
    ended = scenario.read("pods", pod)["status"]["containerStatuses"][0]["state"]["terminated"]
    same((ended["reason"], ended["exitCode"]), ("StartError", 128), "reason and exit code")
    holds("no such library" in ended["message"], "the hook's words in the message", ended["message"])


@behaviour(
    "kubelet/mounts-the-token", "k/k 1.36 plugin/pkg/admission/serviceaccount; pkg/kubelet/token", needs=NEEDS
)
def mounts_token(context: CheckContext) -> None:
    """A container has token, certificate and namespace of its service account at the usual path."""
    text = run_to_end(
        context, f"cd {TOKEN} && cat namespace && echo && cut -d. -f1 token && echo && head -1 ca.crt"
    )
    same(text.splitlines()[0], context.namespace, "namespace")
    holds("-----BEGIN CERTIFICATE-----" in text, "a certificate", text)


@behaviour("kubelet/pods-find-the-api-server", KUBELET + "kubelet_pods.go getServiceEnvVarMap", needs=NEEDS)
def find_server(context: CheckContext) -> None:
    """KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are in the environment of every container."""
    text = run_to_end(context, 'echo "$KUBERNETES_SERVICE_HOST" "$KUBERNETES_SERVICE_PORT_HTTPS"')
    host, _, port = text.strip().partition(" ")
    holds(host and port.isdigit(), "host and port", text)


@behaviour(
    "kubelet/pods-have-their-own-names", KUBELET + "kubelet_pods.go managedHostsFileContent", needs=NEEDS
)
def own_names(context: CheckContext) -> None:
    """A container has the name of its pod as host name, and an /etc/hosts that Kubernetes manages."""
    lines = run_to_end(context, "hostname; cat /etc/hosts").splitlines()
    same(lines[0], context.stem + "-" + lines[0].rpartition("-")[2], "host name")
    holds("# Kubernetes-managed hosts file." in lines, "a managed /etc/hosts", lines)
    holds(any(line.endswith(f"\t{lines[0]}") for line in lines), "the pod's own name in /etc/hosts", lines)


@behaviour(
    "kubelet/logs-of-one-run",
    KUBELET + "kubelet_pods.go validateContainerLogStatus; kuberuntime/logs",
    needs=NEEDS,
)
def logs_of_one_run(context: CheckContext) -> None:
    """A log is that of the container's current run; with previous=true it is that of the run before."""
    scenario = NodeScenario(context).ready()
    container = {
        **shell("if mkdir /x/first 2>/dev/null; then echo first; exit 1; fi; echo second; exec sleep 1000")[
            0
        ],
        "volumeMounts": [{"name": "x", "mountPath": "/x"}],
    }
    pod = scenario.run(
        annotations={RUN: "true"},
        containers=[container],
        volumes=[{"name": "x", "emptyDir": {}}],
        terminationGracePeriodSeconds=1,
    )
    eventually(lambda: log_of(context, pod) == "second\n", f"the second run of {pod} prints", POD_S)
    same(log_of(context, pod, "?previous=true"), "first\n", "log of the run before")


@behaviour(
    "kubelet/expands-commands-of-probes",
    KUBELET + "prober/prober.go; container/helpers.go ExpandContainerCommandOnlyStatic",
    needs=NEEDS,
)
def expands_probes(context: CheckContext) -> None:
    """The command of a probe gets $(NAME) of env as it is written: neither a value from elsewhere nor what a value refers to."""
    scenario = NodeScenario(context).ready()
    env = [
        {"name": "A", "value": "a"},
        {"name": "B", "value": "$(A)"},
        {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ]
    asked = ["/bin/sh", "-c", 'echo "$@"; exit 1', "-", "$(A)", "$(B)", "-$(C)-", "$(D)", "$$(A)"]
    probe = {"exec": {"command": asked}, "periodSeconds": 1}
    container = {**shell("exec sleep 1000")[0], "env": env, "readinessProbe": probe}
    pod = scenario.run(annotations={RUN: "true"}, containers=[container], terminationGracePeriodSeconds=1)

    def said() -> list[str]:
        return [event["message"].strip() for event in scenario.events(pod, "Unhealthy")]

    eventually(said, f"an event Unhealthy of {pod}", POD_S)
    same(said()[0], "Readiness probe failed: a $(A) -- $(D) $(A)", "what the probe printed")
