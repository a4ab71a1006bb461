"""From a body to an object of the kind that the path names: decoded, of the right kind, its fields checked.

Built-in kinds are read as Go would (``schema.validation``), custom ones by their definition's schema. What is unknown or
set twice is a warning, or a 400 with ``fieldValidation=Strict``.
"""

from collections.abc import Iterable

from dra_api.objects import JsonObject
from kube_emulator.apiserver.crds.definition import Definition
from kube_emulator.apiserver.endpoints.bodies import read_object, unrecognized, with_duplicates
from kube_emulator.apiserver.endpoints.negotiation import body_media
from kube_emulator.apiserver.resources import Served
from kube_emulator.apiserver.schema.findings import DecodingError, duplicates, refusal
from kube_emulator.apiserver.schema.kinds import type_of
from kube_emulator.apiserver.schema.validation import read
from kube_emulator.apiserver.status import ApiError, bad_request
from kube_emulator.apiserver.status import invalid as refused
from kube_emulator.apiserver.validation.causes import go_json, invalid
from kube_emulator.releases.release import Release


class Reader:
    """Reads objects of one kind in one version.

    Args:
        warnings: warnings that are sent with the answer; it grows.
    """

    def __init__(
        self, served: Served, definition: Definition | None, warnings: list[str], release: Release
    ) -> None:
        self._served = served
        self._release = release
        self._definition = definition
        self._warnings = warnings

    def body(self, raw: bytes, content_type: str, validation: str) -> JsonObject:
        """The object in a body.

        Raises:
            ApiError: 400 or 415.
        """
        kind = self._served.resource.kind
        media = body_media(content_type, protobuf=not self._served.resource.custom)
        value = read_object(raw, media, kind)
        self.check_kind(value, raw)
        if media == "json":
            value = with_duplicates(raw, value)
        return self.checked(value, validation)

    def check_kind(self, value: JsonObject, raw: bytes) -> None:
        """Refuse an object of another kind; built-in kinds may leave out what they are.

        Raises:
            ApiError: 400.
        """
        served, kind = self._served, self._served.resource.kind
        found = (value.get("apiVersion"), value.get("kind"))
        if served.resource.custom and not found[1]:
            text = raw.decode("utf-8", "replace")
            raise unrecognized(kind, f"Object 'Kind' is missing in '{text}'", raw)
        version, name = found[0] or served.api_version, found[1] or kind
        if (version, name) == (served.api_version, kind):
            return
        why = f'no kind "{name}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"'
        if isinstance(version, str) and isinstance(name, str) and type_of(version, name):
            said, wanted = version.rpartition("/")[2], served.group or "core"
            why = f"converting ({said}.{name}) to ({wanted}.{kind}): unknown conversion"
        raise bad_request(
            f'{name} in version "{str(version).rpartition("/")[2]}" cannot be handled as a {kind}: {why}'
        )

    def checked(self, value: JsonObject, validation: str) -> JsonObject:
        """VALUE as the server keeps it.

        Raises:
            ApiError: 400, a member has a wrong type, or is unknown and the client is strict.
        """
        served = self._served
        try:
            kept, unknown = self.read(value)
        except DecodingError as error:
            raise bad_request(refusal(served.api_version, served.resource.kind, str(error))) from error
        self.warn(unknown, validation)
        return kept

    def read(self, value: JsonObject) -> tuple[JsonObject, Iterable[str]]:
        """What is kept of VALUE, and what is wrong with the rest.

        Raises:
            DecodingError: a member has a wrong type.
        """
        served = self._served
        head = {"kind": served.resource.kind, "apiVersion": served.api_version}
        if self._definition is not None:
            return self._read_custom(self._definition, value, head)
        found = type_of(served.api_version, served.resource.kind)
        if found is None:
            return {**value, **head}, ()
        reading = read(found, value, self._release)
        return {**reading.value, **head}, reading.warnings

    def _read_custom(
        self, definition: Definition, value: JsonObject, head: JsonObject
    ) -> tuple[JsonObject, Iterable[str]]:
        # apiVersion, kind and metadata are decoded as those of any object (schemaCoercingDecoder)
        common = type_of("meta.k8s.io/v1", "PartialObjectMetadata")
        assert common is not None
        reading = read(common, {"metadata": value.get("metadata") or {}}, self._release)
        unknown = [f'unknown field "{path}"' for path in definition.unknown(value, self._served.version)]
        problems = dict.fromkeys([*duplicates(value), *reading.warnings, *unknown])
        return {**value, **head, "metadata": reading.value.get("metadata") or {}}, problems

    def warn(self, unknown: Iterable[str], validation: str) -> None:
        """Warn of what is unknown, or refuse it.

        Raises:
            ApiError: 400.
        """
        found = list(unknown)
        if not found or validation == "Ignore":
            return
        if validation == "Strict":
            problem = f"strict decoding error: {', '.join(found)}"
            raise bad_request(refusal(self._served.api_version, self._served.resource.kind, problem))
        self._warnings += found

    def patched(self, value: JsonObject, validation: str) -> JsonObject:
        """The result of a patch as the server keeps it.

        Raises:
            ApiError: 422.
        """
        try:
            return self.checked(value, validation)
        except ApiError as error:
            why = error.message.partition(f"cannot be handled as a {self._served.resource.kind}: ")[2]
            raise unpatchable(value, why) from error


def unpatchable(value: JsonObject, why: str) -> ApiError:
    """The refusal of what a patch makes."""
    return refused("", "", "", [invalid("patch", go_json(value), why)])
