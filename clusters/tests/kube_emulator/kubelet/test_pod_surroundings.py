"""What surrounds a container: its token, the addresses of services, its own files in ``/etc``, volumes from the API."""

import socket
from pathlib import Path, PurePosixPath
from typing import Any, cast

import pytest
from emulated_node import EmulatedNode

from dra_api.objects import JsonObject, Pod, Volume, VolumeContent
from kube_emulator.kubelet.pod_environment import expanded
from kube_emulator.kubelet.pod_identity import hostname_of, hosts_of, resolv_conf_of
from kube_emulator.kubelet.runtime import RUN_ANNOTATION
from kube_emulator.kubelet.service_environment import service_environment
from kube_emulator.kubelet.volume_files import CannotMount, Sources, files_of

RUN = {RUN_ANNOTATION: "true"}
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"  # a path


def pod_with(**spec: Any) -> Pod:
    metadata = {"name": "p", "namespace": "ns", "uid": "u", "labels": {"b": "2", "a": "1"}}
    return cast(Pod, {"metadata": metadata, "spec": {"nodeName": "node-0", "containers": [], **spec}})


def script(line: str, **more: Any) -> JsonObject:
    return {"name": "main", "image": "x", "command": ["/bin/sh", "-c", line], **more}


def add_account(node_env: EmulatedNode, **fields: Any) -> None:
    """The account ``default`` and the certificate, which controllers make."""
    metadata = {"name": "default", "namespace": "default"}
    node_env.api.create("serviceaccounts", {"metadata": metadata, **fields})
    metadata = {"name": "kube-root-ca.crt", "namespace": "default"}
    node_env.api.create("configmaps", {"metadata": metadata, "data": {"ca.crt": "certificate"}})


async def test_a_container_finds_its_token_certificate_and_namespace(
    node_env: EmulatedNode, tmp_path: Path
) -> None:
    add_account(node_env)
    out = tmp_path / "out"
    line = f"cd {TOKEN}; for f in token ca.crt namespace; do cat $f; echo; done > {out}; touch new 2>> {out} || true"
    node_env.pod(annotations=RUN, restartPolicy="Never", containers=[script(line)])
    await node_env.until(lambda: node_env.phase() == "Succeeded")
    assert out.read_text().splitlines()[:3] == ["token 0 of p", "certificate", "default"]
    assert "Read-only" in out.read_text()
    [volume] = node_env.api.get("pods", "p", "default")["spec"]["volumes"]
    assert volume["name"].startswith("kube-api-access-")
    assert volume["projected"]["sources"][0] == {
        "serviceAccountToken": {"path": "token", "expirationSeconds": 3607}
    }


@pytest.mark.parametrize(
    ("account", "pod", "mounted"),
    [(None, None, True), (False, None, False), (False, True, True), (True, False, False)],
)
async def test_the_pod_decides_about_its_token_before_its_account(
    node_env: EmulatedNode, account: bool | None, pod: bool | None, mounted: bool
) -> None:
    add_account(node_env, **({} if account is None else {"automountServiceAccountToken": account}))
    spec: dict[str, Any] = {} if pod is None else {"automountServiceAccountToken": pod}
    made = node_env.pod(**spec)
    mounts = made["spec"]["containers"][0].get("volumeMounts") or []
    assert [mount["mountPath"] for mount in mounts] == ([TOKEN] if mounted else [])


async def test_a_process_has_the_hosts_name_and_resolver_of_its_pod_and_not_the_machines(
    node_env: EmulatedNode, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    line = f"hostname > {out}; cat /etc/hostname /etc/hosts /etc/resolv.conf >> {out}; echo 1.2.3.4 mine >> /etc/hosts"
    before = Path("/etc/hosts").read_bytes()  # noqa: ASYNC240 # of this machine
    node_env.pod(annotations=RUN, restartPolicy="Never", containers=[script(line)])
    await node_env.until(lambda: node_env.phase() == "Succeeded")
    lines = out.read_text().splitlines()
    ip = node_env.api.get("pods", "p", "default")["status"]["podIP"]
    assert lines[:3] == ["p", "p", "# Kubernetes-managed hosts file."]
    assert f"{ip}\tp" in lines
    assert any(each.startswith("search default.svc.cluster.local") for each in lines)
    assert Path("/etc/hosts").read_bytes() == before  # noqa: ASYNC240 # as above
    assert socket.gethostname() != "p"


async def test_a_probe_runs_with_the_host_name_of_its_pod(node_env: EmulatedNode, tmp_path: Path) -> None:
    out = tmp_path / "out"
    hook = {"postStart": {"exec": {"command": ["/bin/sh", "-c", f"hostname > {out}"]}}}
    node_env.pod(annotations=RUN, containers=[script("exec sleep 60", lifecycle=hook)])
    await node_env.until(lambda: out.exists() and out.read_text())
    assert out.read_text() == "p\n"


async def test_variables_are_expanded_in_command_and_arguments(
    node_env: EmulatedNode, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    container = {
        "name": "main",
        "image": "x",
        "command": ["/bin/sh", "-c", f"echo $(WHO) $1 > {out}"],
        "args": ["name", "$(WHO)s"],
        "env": [{"name": "WHO", "value": "gpu"}],
    }
    node_env.pod(annotations=RUN, restartPolicy="Never", containers=[container])
    await node_env.until(lambda: node_env.phase() == "Succeeded")
    assert out.read_text() == "gpu gpus\n"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$(A) $(B)", "1 $(A)"),
        ("$$(A) $$$(A)", "$(A) $1"),
        ("$(none) $(A $A $", "$(none) $(A $A $"),
    ],
)
def test_references_are_replaced_once_and_unknown_ones_stay(text: str, wanted: str) -> None:
    assert expanded(text, {"A": "1", "B": "$(A)"}) == wanted


def test_a_pod_in_the_nodes_network_has_its_name() -> None:
    pod = pod_with(hostNetwork=True)
    assert hostname_of(pod) == "node-0"
    assert "198.18.0.1\tnode-0\n" in hosts_of(pod, "198.18.0.1", "198.18.0.1")


def test_aliases_and_a_subdomain_are_in_the_hosts_file() -> None:
    aliases = [{"ip": "9.9.9.9", "hostnames": ["a", "b"]}]
    text = hosts_of(pod_with(hostname="h", subdomain="s", hostAliases=aliases), "1.1.1.1", "2.2.2.2")
    assert "1.1.1.1\th.s.ns.svc.cluster.local\th\n" in text
    assert text.endswith("\n# Entries added by HostAliases.\n9.9.9.9\ta\tb\n")


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        (
            {},
            "search ns.svc.cluster.local svc.cluster.local cluster.local home\nnameserver 1.1.1.1\noptions ndots:5\n",
        ),
        ({"dnsPolicy": "Default"}, "search home\nnameserver 1.1.1.1\noptions edns0\n"),
        (
            {
                "dnsPolicy": "None",
                "dnsConfig": {"nameservers": ["3.3.3.3"], "options": [{"name": "ndots", "value": "2"}]},
            },
            "nameserver 3.3.3.3\noptions ndots:2\n",
        ),
    ],
)
def test_names_are_looked_up_as_the_policy_says(spec: JsonObject, wanted: str) -> None:
    machine = "# local\nnameserver 1.1.1.1\nsearch home\noptions edns0\n"
    assert resolv_conf_of(pod_with(**spec), machine) == wanted


def test_services_are_in_the_environment_and_the_api_server_is_where_it_really_is() -> None:
    ports = [{"name": "web", "port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}]
    service = {"metadata": {"name": "my-svc"}, "spec": {"clusterIP": "10.0.0.9", "ports": ports}}
    headless = {"metadata": {"name": "none"}, "spec": {"clusterIP": "None", "ports": ports}}
    found = service_environment(pod_with(), [service, headless], ("127.0.0.1", 4711))
    assert {name: found[name] for name in found if name.startswith("MY_SVC")} == {
        "MY_SVC_SERVICE_HOST": "10.0.0.9",
        "MY_SVC_SERVICE_PORT": "80",
        "MY_SVC_SERVICE_PORT_WEB": "80",
        "MY_SVC_SERVICE_PORT_DNS": "53",
        "MY_SVC_PORT": "tcp://10.0.0.9:80",
        "MY_SVC_PORT_80_TCP": "tcp://10.0.0.9:80",
        "MY_SVC_PORT_80_TCP_PROTO": "tcp",
        "MY_SVC_PORT_80_TCP_PORT": "80",
        "MY_SVC_PORT_80_TCP_ADDR": "10.0.0.9",
        "MY_SVC_PORT_53_UDP": "udp://10.0.0.9:53",
        "MY_SVC_PORT_53_UDP_PROTO": "udp",
        "MY_SVC_PORT_53_UDP_PORT": "53",
        "MY_SVC_PORT_53_UDP_ADDR": "10.0.0.9",
    }
    assert (found["KUBERNETES_SERVICE_HOST"], found["KUBERNETES_SERVICE_PORT"]) == ("127.0.0.1", "4711")
    assert not any(name.startswith("NONE_") for name in found)
    alone = service_environment(pod_with(enableServiceLinks=False), [service], ("127.0.0.1", 1))
    assert "MY_SVC_SERVICE_HOST" not in alone
    assert alone["KUBERNETES_SERVICE_PORT_HTTPS"] == "1"


def sources(**objects: JsonObject) -> Sources:
    """A pod ``p`` and OBJECTS by name; its tokens are their audience."""
    return Sources(
        pod_with(), "", "", lambda _, name: objects.get(name), lambda _, wanted: wanted.get("audience", "")
    )


def written(volume: Volume, found: Sources) -> dict[str, tuple[str, int]]:
    """{path: (content, mode)}."""
    files = files_of(volume, found)
    assert files is not None
    return {str(file.path): (file.content.decode(), file.mode) for file in files}


def test_volumes_from_the_api_have_their_files_with_their_modes() -> None:
    found = sources(m={"data": {"k": "v", "l": "w"}}, s={"data": {"x": "eQ=="}})
    picked: Volume = {
        "name": "v",
        "configMap": {"name": "m", "items": [{"key": "k", "path": "dir/k", "mode": 0o400}]},
    }
    assert written(picked, found) == {"dir/k": ("v", 0o400)}
    assert written({"name": "v", "secret": {"secretName": "s", "defaultMode": 0o600}}, found) == {
        "x": ("y", 0o600)
    }
    labels: Volume = {
        "name": "v",
        "downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]},
    }
    assert written(labels, found) == {"l": ('a="1"\nb="2"', 0o644)}
    token: dict[str, VolumeContent] = {"serviceAccountToken": {"path": "t", "audience": "vault"}}
    both: Volume = {"name": "v", "projected": {"sources": [token, {"configMap": {"name": "m"}}]}}
    assert {path: text for path, (text, _) in written(both, found).items()} == {
        "t": "vault",
        "k": "v",
        "l": "w",
    }
    assert files_of({"name": "v", "hostPath": {"path": "/"}}, found) is None


@pytest.mark.parametrize(
    ("volume", "why"),
    [
        ({"name": "v", "configMap": {"name": "no"}}, 'configmap "no" not found'),
        ({"name": "v", "secret": {"secretName": "no"}}, 'secret "no" not found'),
        (
            {"name": "v", "configMap": {"name": "m", "items": [{"key": "z", "path": "z"}]}},
            "non-existent config key: z",
        ),
        (
            {"name": "v", "configMap": {"name": "m", "items": [{"key": "k", "path": "../k"}]}},
            "wanted a relative path",
        ),
    ],
)
def test_a_volume_that_cannot_be_set_up_says_why(volume: Volume, why: str) -> None:
    with pytest.raises(CannotMount, match=why):
        files_of(volume, sources(m={"data": {"k": "v"}}))


def test_what_is_optional_may_be_missing() -> None:
    assert written({"name": "v", "configMap": {"name": "no", "optional": True}}, sources()) == {}
    assert PurePosixPath("a") == PurePosixPath("a/")


async def test_a_pod_waits_for_its_config_map_and_gets_its_changes(
    node_env: EmulatedNode, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    volumes = [{"name": "v", "configMap": {"name": "m"}}]
    line = (
        f"cp /opt/conf/k {tmp_path}/first; while ! grep -q new /opt/conf/k; do sleep 0.01; done; touch {go}"
    )
    main = script(line, volumeMounts=[{"name": "v", "mountPath": "/opt/conf"}])
    node_env.pod(annotations=RUN, restartPolicy="Never", containers=[main], volumes=volumes)
    await node_env.until(lambda: node_env.events("FailedMount"))
    assert node_env.events("FailedMount") == [
        'MountVolume.SetUp failed for volume "v" : configmap "m" not found'
    ]
    config = {"metadata": {"name": "m", "namespace": "default"}, "data": {"k": "old"}}
    made = node_env.api.create("configmaps", config).value
    await node_env.turn(16)
    await node_env.until(lambda: (tmp_path / "first").exists())
    node_env.api.update("configmaps", {**made, "data": {"k": "new"}})
    await node_env.turn(61)
    await node_env.until(go.exists)


async def test_a_token_is_replaced_before_it_ends(node_env: EmulatedNode) -> None:
    add_account(node_env)
    node_env.pod(annotations=RUN, containers=[script("exec sleep 60")])
    await node_env.until(lambda: node_env.phase() == "Running")
    await node_env.turn(61)
    assert node_env.tokens == ["token 0 of p"]
    await node_env.turn(3000)
    await node_env.until(lambda: node_env.tokens[1:] == ["token 1 of p"])
