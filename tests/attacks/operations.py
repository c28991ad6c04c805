"""What the functions say that can be asked of them, as requests that are well formed."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

METHODS = ("get", "put", "post", "patch", "delete")
#: What stands for an id that names nothing.
NOTHING = "AAAQEAYEAUDAOCAJBIFQYDIOB4"
#: What a field of this name must hold to be looked at any further.
FITTING = {
    "permissions": ["user:read"],
    "scopes": ["user:read"],
    "roles": ["employee"],
    "role": "employee",
    "username": "contoh.orang",
    "nik": "9900000000000001",
    "nip": "990000000000000001",
    "email": "orang@contoh.example",
    "phone": "+6281200000000",
    "code": "CONTOH",
    "rw": "003",
    "rt": "001",
    "org_unit": "CONTOH",
    "parent": None,
    "tenant": "karo",
    "limit": 5,
}
_PLAIN = {"string": "Contoh", "integer": 1, "number": 1, "boolean": True, "null": None}
_FORMATS = {"date": "2026-11-21", "date-time": "2026-11-21T00:00:00Z", "password": "Kemuning-Sore-2026!"}


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    function: str
    method: str
    path: str
    #: Names of what the path, the query and the headers hold.
    in_path: tuple[str, ...]
    in_query: tuple[str, ...]
    in_header: tuple[str, ...]
    #: The type and the schema of the body, if it has one.
    media: str | None
    schema: Mapping | None
    #: Whether it asks who is there.
    protected: bool
    components: Mapping

    @property
    def label(self) -> str:
        """How tests call it."""
        return f"{self.method} {self.path}"

    def address(self, fill: Callable[[str], str | None] = lambda _: None) -> str:
        """The path with its parameters filled in; with what names nothing where `fill` knows none."""
        path = self.path
        for name in self.in_path:
            path = path.replace("{" + name + "}", fill(name) or NOTHING)
        return path

    def headers(self) -> dict[str, str]:
        """The headers that it asks for: a command that nobody has sent before, a version that there may be."""
        found = {}
        for name in self.in_header:
            found[name] = '"1"' if name.lower() == "if-match" else uuid.uuid4().hex
        if self.media:
            found["content-type"] = self.media
        return found

    def body(self) -> bytes | None:
        """A body of the right shape."""
        if self.schema is None:
            return None
        if self.media == "application/json":
            return json.dumps(self.example()).encode()
        return b"username,name\ncontoh.orang,Contoh Orang\n"

    def example(self) -> object:
        """The same before it is written as JSON."""
        return example(self.schema, self.components)


def operations(function: str, description: Mapping) -> list[Operation]:
    """Everything that the description of a function offers, and the description itself."""
    components = description.get("components", {})
    everywhere = bool(description.get("security"))
    found = [Operation(function, "GET", "/openapi.json", (), (), (), None, None, everywhere, components)]
    for path, methods in description["paths"].items():
        for method, said in methods.items():
            if method in METHODS:
                found.append(_operation(function, path, method, said, everywhere, components))
    return found


def _operation(
    function: str, path: str, method: str, said: Mapping, everywhere: bool, components: Mapping
) -> Operation:
    parameters = said.get("parameters", [])
    names = {
        place: tuple(each["name"] for each in parameters if each["in"] == place)
        for place in ("path", "query", "header")
    }
    media, content = next(iter(said.get("requestBody", {}).get("content", {}).items()), (None, {}))
    protected = bool(said["security"]) if "security" in said else everywhere
    return Operation(
        function, method.upper(), path, names["path"], names["query"], names["header"],
        media, content.get("schema"), protected, components,
    )  # fmt: skip


def example(schema: Mapping, components: Mapping, name: str = "") -> object:
    """Something that a schema admits, with all that it names."""
    if name in FITTING:
        return FITTING[name]
    schema = resolved(schema, components)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            options = [resolved(option, components) for option in schema[choice]]
            return example(next(option for option in options if option.get("type") != "null"), components)
    if "allOf" in schema:
        parts = [example(part, components) for part in schema["allOf"]]
        return {key: value for part in parts for key, value in part.items()}
    kinds = schema.get("type", "object")
    kind = kinds if isinstance(kinds, str) else next(kind for kind in kinds if kind != "null")
    if kind == "object":
        return {key: example(part, components, key) for key, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema.get("items", {"type": "string"}), components)]
    return _FORMATS.get(schema.get("format", ""), _PLAIN[kind])


def resolved(schema: Mapping, components: Mapping) -> Mapping:
    """The schema that a reference means."""
    while "$ref" in schema:
        schema = components["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def objects(value: object, place: tuple = ()) -> Iterator[tuple]:
    """The place of every object within JSON. One that has no fields of its own may hold anything."""
    if isinstance(value, dict) and (value or not place):
        yield place
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from objects(part, (*place, key))
