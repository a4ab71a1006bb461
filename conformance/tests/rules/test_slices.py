"""Rules on slices as objects."""

from dra_conformance.rules.slices import by_value


def test_a_quantity_that_the_server_wrote_in_its_own_form_is_the_same() -> None:
    sent = [{"name": "gpu-0", "capacity": {"memory": {"value": "1024Mi"}, "links": {"value": "2000"}}}]
    stored = [{"name": "gpu-0", "capacity": {"memory": {"value": "1Gi"}, "links": {"value": "2k"}}}]
    assert by_value(sent) == by_value(stored)


def test_a_field_that_was_dropped_is_a_difference() -> None:
    sent = [{"name": "gpu-0", "capacity": {"memory": {"value": "1Gi"}}, "bindsToNode": True}]
    stored = [{"name": "gpu-0", "capacity": {"memory": {"value": "1Gi"}}}]
    assert by_value(sent) != by_value(stored)
