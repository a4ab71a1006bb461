"""What the tables say about types; the golden bytes of the codec prove that their field numbers are right."""

import pytest

from kube_emulator.apiserver.schema import kinds


def test_every_type_of_a_field_is_in_the_tables() -> None:
    for name in kinds.GROUP_FILES.values():
        for message in kinds.table(name).messages.values():
            assert all(field.info is None or field.info.fields is not None for field in message.wire)


def test_every_table_has_the_api_version_under_which_it_is_registered() -> None:
    assert {kinds.table(name).api_version for name in kinds.GROUP_FILES.values()} == set(kinds.GROUP_FILES)


@pytest.mark.parametrize(
    ("message", "field", "keys"),
    [
        ("core_v1.PodSpec", "containers", ("name",)),
        ("core_v1.Container", "ports", ("containerPort", "protocol")),
        ("core_v1.PodStatus", "conditions", ("type",)),
        ("meta_v1.ObjectMeta", "ownerReferences", ("uid",)),
        ("resource_v1.ResourceClaimStatus", "devices", ("driver", "device", "pool", "shareID")),
    ],
)
def test_lists_of_type_map_have_the_keys_that_apply_merges_by(
    message: str, field: str, keys: tuple[str, ...]
) -> None:
    assert kinds.info(message).fields[field].keys == keys


def test_a_list_without_a_list_type_is_atomic() -> None:
    assert kinds.info("core_v1.Container").fields["command"].list_type == "atomic"
    assert kinds.info("core_v1.Toleration").fields["key"].list_type == ""


def test_strategic_merge_has_keys_of_its_own() -> None:
    fields = kinds.info("core_v1.Container").fields
    assert (fields["volumeMounts"].patch_key, fields["ports"].patch_key) == ("mountPath", "containerPort")
    finalizers = kinds.info("meta_v1.ObjectMeta").fields["finalizers"]
    assert (finalizers.merges, finalizers.patch_key) == (True, "")


def test_inline_members_appear_in_the_json_of_the_message_around_them() -> None:
    volume = kinds.info("core_v1.Volume")
    assert {"name", "configMap", "ephemeral"} <= volume.fields.keys()
    assert [field.name for field in volume.wire] == ["name", "volumeSource"]


def test_options_and_status_are_kinds_of_every_version() -> None:
    assert kinds.type_of("resource.k8s.io/v1", "DeleteOptions") is kinds.info("meta_v1.DeleteOptions")
    assert kinds.type_of("v1", "Status") is kinds.info("meta_v1.Status")


@pytest.mark.parametrize(("version", "kind"), [("v1", "PodSpec"), ("example.com/v1", "Foo"), ("v2", "Pod")])
def test_an_unknown_kind_has_no_type(version: str, kind: str) -> None:
    assert kinds.type_of(version, kind) is None


def test_types_are_written_as_go_prints_them() -> None:
    assert kinds.info("core_v1.PodSpec").fields["containers"].go == "[]v1.Container"
    assert kinds.info("core_v1.ContainerPort").fields["protocol"].go == "v1.Protocol"
    assert (
        kinds.info("resource_v1.Device").fields["attributes"].go == "map[v1.QualifiedName]v1.DeviceAttribute"
    )
