"""Pure: which form an answer takes, and how a body is read (apiserver ``endpoints/handlers/negotiation``, 1.36)."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from kube_emulator.apiserver.status import ApiError

Media = Literal["json", "yaml", "protobuf"]
JSON, YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
MEDIA: dict[str, Media] = {JSON: "json", YAML: "yaml", PROTOBUF: "protobuf"}
TRANSFORMS = frozenset({"Table", "PartialObjectMetadata", "PartialObjectMetadataList"})
APPLY = "application/apply-patch+yaml"
APPLY_CBOR = "application/apply-patch+cbor"
MERGE, STRATEGIC, JSON_PATCH = (
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/json-patch+json",
)
PATCHES = {MERGE: "merge", STRATEGIC: "strategic", JSON_PATCH: "json", APPLY: "apply"}
BUILT_IN_PATCHES = (JSON_PATCH, MERGE, STRATEGIC, APPLY)
CUSTOM_PATCHES = (JSON_PATCH, MERGE, APPLY)


@dataclass(frozen=True, slots=True)
class Form:
    """The form of an answer.

    Attributes:
        transform: what it is turned into, one of TRANSFORMS; empty for the object itself.
        version: API version of meta.k8s.io of the transformed object.
    """

    media: Media = "json"
    transform: str = ""
    version: str = "v1"
    pretty: bool = False

    @property
    def content_type(self) -> str:
        """For the header."""
        return {"json": JSON, "yaml": YAML, "protobuf": PROTOBUF}[self.media]


PLAIN = Form()


@lru_cache(maxsize=512)
def form_of(accept: str, *, protobuf: bool, transforms: bool = True) -> Form:
    """The first form in an ``Accept`` header that can be given; PROTOBUF: whether the kind has that form.

    Raises:
        ApiError: 406, none can.
    """
    if not accept:
        return PLAIN
    # The order in the header decides; quality values are not read, since client-go and kubectl send none. A clause that cannot be served is skipped: client-go asks for a table first and for JSON after it.
    for clause in accept.split(","):
        media, *parameters = (part.strip() for part in clause.split(";"))
        options = dict(part.partition("=")[::2] for part in parameters)
        found = MEDIA.get("application/json" if media in ("*/*", "application/*") else media)
        if found is None or (found == "protobuf" and not protobuf):
            continue
        transform, version = options.get("as", ""), options.get("v", "v1")
        if transform:
            known = (
                transform in TRANSFORMS and options.get("g") == "meta.k8s.io" and version in ("v1", "v1beta1")
            )
            # a Table has no protobuf message
            if not known or not transforms or (found == "protobuf" and transform == "Table"):
                continue
        return Form(found, transform, version, options.get("pretty") == "1")
    # Two different refusals: a known media type in a form that is not served, or an unknown media type.
    if any(
        clause.partition(";")[0].strip() in (*MEDIA, "*/*", "application/*") for clause in accept.split(",")
    ):
        raise ApiError(406, f"only the following media types are accepted: {', '.join(MEDIA)}")
    text = f"406: Not Acceptable\n\nAvailable representations: {', '.join(MEDIA)}"
    raise ApiError(406, text, details={})


def body_media(content_type: str, *, protobuf: bool) -> Media:
    """How a body is encoded.

    Raises:
        ApiError: 415.
    """
    found = MEDIA.get(content_type or JSON)
    if content_type == "application/octet-stream":  # what aiohttp says where a client said nothing
        found = "json"
    if found is None or (found == "protobuf" and not protobuf):
        raise unsupported(tuple(MEDIA) if protobuf else (JSON, YAML))
    return found


def unsupported(known: tuple[str, ...]) -> ApiError:
    """The body is in a form that is not read."""
    return ApiError(
        415,
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(known),
    )


def patch_kind(content_type: str, *, custom: bool) -> str:
    """Which kind of patch a body is.

    Raises:
        ApiError: 415.
    """
    known = CUSTOM_PATCHES if custom else BUILT_IN_PATCHES
    if content_type in known:
        return PATCHES[content_type]
    if content_type in PATCHES:
        raise unsupported(known)
    raise ApiError(415, "415: Unsupported Media Type", details={})
