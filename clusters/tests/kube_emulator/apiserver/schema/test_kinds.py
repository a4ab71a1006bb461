"""What the table tells about types; that its numbers are right is told by the golden bytes of the codec."""

import pytest

from kube_emulator.apiserver.schema import kinds


def test_every_type_that_a_field_names_is_in_the_tables() -> None:
    for name in kinds.GROUP_FILES.values():
        for message in kinds.table(name).messages.values():
            assert all(field.info is None or field.info.fields is not None for field in message.wire)


def test_every_table_is_of_the_api_version_that_leads_to_it() -> None:
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
def test_apply_knows_the_keys_of_lists(message: str, field: str, keys: tuple[str, ...]) -> None:
    assert kinds.info(message).fields[field].keys == keys


def test_a_list_that_says_nothing_is_owned_as_a_whole() -> None:
    assert kinds.info("core_v1.Container").fields["command"].list_type == "atomic"
    assert kinds.info("core_v1.Toleration").fields["key"].list_type == ""


def test_strategic_merge_knows_its_own_keys() -> None:
    fields = kinds.info("core_v1.Container").fields
    assert (fields["volumeMounts"].patch_key, fields["ports"].patch_key) == ("mountPath", "containerPort")
    finalizers = kinds.info("meta_v1.ObjectMeta").fields["finalizers"]
    assert (finalizers.merges, finalizers.patch_key) == (True, "")


def test_inline_members_stand_in_the_json_of_their_holder() -> None:
    volume = kinds.info("core_v1.Volume")
    assert {"name", "configMap", "ephemeral"} <= volume.fields.keys()
    assert [field.name for field in volume.wire] == ["name", "volumeSource"]


def test_options_and_status_are_kinds_of_every_version() -> None:
    assert kinds.type_of("resource.k8s.io/v1", "DeleteOptions") is kinds.info("meta_v1.DeleteOptions")
    assert kinds.type_of("v1", "Status") is kinds.info("meta_v1.Status")


@pytest.mark.parametrize(("version", "kind"), [("v1", "PodSpec"), ("example.com/v1", "Foo"), ("v2", "Pod")])
def test_what_is_no_kind_has_no_type(version: str, kind: str) -> None:
    assert kinds.type_of(version, kind) is None


def test_types_are_spelled_as_go_spells_them() -> None:
    assert kinds.info("core_v1.PodSpec").fields["containers"].go == "[]v1.Container"
    assert kinds.info("core_v1.ContainerPort").fields["protocol"].go == "v1.Protocol"
    assert (
        kinds.info("resource_v1.Device").fields["attributes"].go == "map[v1.QualifiedName]v1.DeviceAttribute"
    )
