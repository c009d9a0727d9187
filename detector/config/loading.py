"""A configuration file, read and checked whole: every complaint at once, as file:line: message."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from detector.addresses import is_address, masked
from detector.config.agreement_map import AgreementMap, load_map
from detector.config.settings import IDENTIFIER, Aircraft, Settings, Vehicle, beside
from detector.config.yaml_lines import Document, Location, parse
from detector.errors import Complaint, ConfigError

Model = TypeVar("Model", bound=BaseModel)

_TEXT_NEEDED = "text is needed, in quotes where YAML would read a number, a date, yes or no"
_IN_IDENTIFIERS = "allowed are letters, digits, dot, dash and underscore, at most 64"
_A_LIST, _A_MAPPING = "a list is needed, like [this, that]", "a mapping is needed (`key: value`)"
_WORDS = {
    "tuple_type": _A_LIST,
    "list_type": _A_LIST,
    "dict_type": _A_MAPPING,
    "model_type": _A_MAPPING,
    "model_attributes_type": _A_MAPPING,
    "string_type": _TEXT_NEEDED,
    "invalid_key": "a key has to be text",
    "too_short": "the list needs at least {min_length}, found {actual_length}",
    "too_long": "the list may have at most {max_length}, found {actual_length}",
}


class Configurable(Protocol):
    """A class that can stand in a registry: its `Config` is schema and documentation."""

    Config: type[BaseModel]


Registry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Registries:
    """What may stand under `kind:` in each section, and the schema of the one section without kinds."""

    registration: Registry
    detectors: Registry
    tracking: Registry
    rules: Registry
    outbox: Registry
    location: type[BaseModel]


@dataclass(frozen=True, slots=True)
class Part:
    """One stage as the file asks for it: its kind and its validated settings."""

    kind: str
    config: Any
    part_id: str = ""
    feeds: tuple[str, ...] | None = None
    line: int | None = None

    def concerns(self, source_id: str) -> bool:
        """Whether this rule judges that feed or network."""
        return self.feeds is None or source_id in self.feeds


@dataclass(frozen=True, slots=True)
class Configuration:
    """A file that can be run.

    map_sha256: of the map's bytes.
    sha256: of the file's bytes followed by those of the map: `cat FILE MAP | sha256sum`.
    """

    path: Path
    settings: Settings
    map: AgreementMap
    registration: Part
    detectors: tuple[Part, ...]
    tracking: Part
    rules: tuple[Part, ...]
    outbox: tuple[Part, ...]
    location: Any
    map_sha256: str
    sha256: str


def load(path: Path, registries: Registries) -> Configuration:
    """Read and check a configuration with its map.

    Raises:
        ConfigError: with every complaint, in the order of the file.
    """
    document = parse(path)
    complaints = list(document.complaints)
    if not isinstance(document.data, dict):
        found = "nothing" if document.data is None else type(document.data).__name__
        raise ConfigError(document.complaint((), f"a mapping of sections is needed, found {found}"))
    settings = validated(Settings, document.data, (), document, complaints)
    parts = _Parts(document, complaints)
    registration = parts.one("registration", registries.registration, "flow")
    detectors = parts.many("detectors", registries.detectors, ("motion", "flash", "smoke"))
    if document.data.get("detectors") == []:
        complaints.append(document.complaint(("detectors",), "detectors: the list needs at least 1, found 0"))
    tracking = parts.one("tracking", registries.tracking, "kalman")
    rules = parts.many("rules", registries.rules, ())
    outbox = parts.many("outbox", registries.outbox, ())
    location = validated(registries.location, document.data.get("location") or {}, ("location",), document, complaints)
    complaints += _twice(document, "feeds", "sensors", "telemetry", "aircraft")
    complaints += _twice(document, "rules")
    complaints += _twice(document, "outbox", key="name")
    agreement = map_of(path, document, complaints)
    if settings is not None:
        complaints += _unknown_feeds(document, rules, {one.id for one in settings.sources})
        complaints += _rates_of_videos(path, document, settings)
    if complaints or settings is None or registration is None or tracking is None:
        raise ConfigError(*sorted(complaints, key=lambda c: (c.file != str(path), c.line or 0)))
    map_sha256 = hashlib.sha256(_map_bytes(path, settings)).hexdigest()
    return Configuration(
        path, settings, agreement, registration, detectors, tracking, rules, outbox, location,
        map_sha256, digest_of(path, settings),
    )  # fmt: skip


def digest_of(path: Path, settings: Settings) -> str:
    """SHA-256 of the file's bytes followed by those of its map."""
    return hashlib.sha256(path.read_bytes() + _map_bytes(path, settings)).hexdigest()


def _map_bytes(path: Path, settings: Settings) -> bytes:
    return b"" if settings.map is None else beside(path, settings.map).read_bytes()


def absent_inputs(configuration: Configuration) -> list[Complaint]:
    """Files that sources, receivers and the console name and that are not there, each with its line."""
    document = parse(configuration.path)
    complaints = []
    for i, feed in enumerate(configuration.settings.feeds):
        for key, what, name in (("media", "recording", feed.media), ("telemetry", "telemetry", feed.telemetry)):
            file = None if name is None or (key == "media" and is_address(name)) else beside(configuration.path, name)
            if file is not None and not file.exists():
                where = ("feeds", i, key)
                complaints.append(document.complaint(where, f"feed {feed.id!r}: there is no {what} {file}"))
    for i, network in enumerate(configuration.settings.sensors):
        for key in ("station", "password_file", "ca_file"):
            file = getattr(network, key)
            if file is not None and not file.exists():
                complaints.append(
                    document.complaint(("sensors", i, key), f"sensors {network.id!r}: there is no file {file}")
                )
        for k, name in enumerate(() if network.live else network.media):
            file = beside(configuration.path, name)
            if not file.exists():
                at: Location = ("sensors", i, "media", k)
                complaints.append(document.complaint(at, f"sensors {network.id!r}: there is no recording {file}"))
    others: list[tuple[str, int, Vehicle | Aircraft]] = [
        *(("telemetry", i, one) for i, one in enumerate(configuration.settings.telemetry)),
        *(("aircraft", i, one) for i, one in enumerate(configuration.settings.aircraft)),
    ]
    for section, i, source in others:
        file = beside(configuration.path, source.media)
        if not file.exists():
            told = f"{section} {source.id!r}: there is no file {file}"
            complaints.append(document.complaint((section, i, "media"), told))
    complaints += _absent_secrets(configuration, document)
    base_map = configuration.settings.console.base_map
    if base_map is not None and not base_map.exists():
        complaints.append(document.complaint(("console", "base_map"), f"console: there is no file {base_map}"))
    return complaints


def _absent_secrets(configuration: Configuration, document: Document) -> Iterator[Complaint]:
    for i, sink in enumerate(configuration.outbox):
        for key in ("secret_file", "ca_file"):
            file = getattr(sink.config, key, None)
            if file is not None and not file.exists():
                yield document.complaint(("outbox", i, key), f"outbox {sink.config.name!r}: there is no file {file}")


def map_of(path: Path, document: Document, complaints: list[Complaint]) -> AgreementMap:
    """The map that a file names; what is wrong with it goes to `complaints`."""
    name = document.data.get("map")
    if not isinstance(name, str):
        return AgreementMap.nothing()
    file = beside(path, name)
    if not file.exists():
        complaints.append(document.complaint(("map",), f"map: there is no file {file}"))
        return AgreementMap.nothing()
    try:
        return load_map(file)
    except ConfigError as error:
        complaints += error.complaints
        return AgreementMap.nothing()


class _Parts:
    """Reads the stages, gathering complaints."""

    def __init__(self, document: Document, complaints: list[Complaint]) -> None:
        self.document = document
        self.complaints = complaints

    def one(self, section: str, registry: Registry, default: str) -> Part | None:
        return self._part(self.document.data.get(section, {"kind": default}), (section,), registry)

    def many(self, section: str, registry: Registry, default: tuple[str, ...]) -> tuple[Part, ...]:
        items = self.document.data.get(section, [{"kind": kind} for kind in default])
        if not isinstance(items, list):
            return ()  # Settings has complained about it
        parts = [self._part(item, (section, i), registry) for i, item in enumerate(items)]
        return tuple(part for part in parts if part is not None)

    def _part(self, item: Any, location: Location, registry: Registry) -> Part | None:
        name = ".".join(map(str, location))
        if not isinstance(item, dict):
            return None  # Settings has complained about it
        kind = str(item.get("kind"))
        if kind not in registry:
            message = f"{name}: kind {kind!r} is not known{_suggestion(kind, registry)}"
            self._complain((*location, "kind"), message)
            return None
        is_rule = location[0] == "rules"
        if is_rule:
            self._rule_id(item.get("id"), location)
        own = {"kind", "id", "feeds"} if is_rule else {"kind"}
        settings = {key: value for key, value in item.items() if key not in own}
        config = validated(registry[kind].Config, settings, location, self.document, self.complaints)
        if config is None:
            return None
        feeds = item.get("feeds") if is_rule else None
        if feeds is not None and not (isinstance(feeds, list) and all(isinstance(feed, str) for feed in feeds)):
            self._complain((*location, "feeds"), f"{name}.feeds: a list of feed ids is needed")
            return None
        line = self.document.line_of(location)
        return Part(kind, config, str(item.get("id", "")), None if feeds is None else tuple(feeds), line)

    def _rule_id(self, rule_id: Any, location: Location) -> None:
        name = ".".join(map(str, location))
        if rule_id is None:
            self._complain(location, f"{name}: every rule needs an `id:` (text)")
        elif not isinstance(rule_id, str):
            self._complain((*location, "id"), f"{name}.id: {_TEXT_NEEDED}, found {rule_id!r}")
        elif not re.fullmatch(IDENTIFIER, rule_id):
            told = f"{name}.id: {rule_id!r}; {_IN_IDENTIFIERS}"
            self._complain((*location, "id"), told)

    def _complain(self, location: Location, message: str) -> None:
        self.complaints.append(self.document.complaint(location, message))


def validated(
    model: type[Model], data: Any, location: Location, document: Document, complaints: list[Complaint]
) -> Model | None:
    """`data` as a model, or None; what is wrong with it goes to `complaints`, each with its line."""
    before = len(complaints)
    complaints += _truths_for_numbers(model, data, location, document)
    try:
        found = model.model_validate(data, context={"folder": Path(document.file).parent})
        return found if len(complaints) == before else None
    except ValidationError as error:
        errors = error.errors(include_url=False)
        # A list all of whose items are wrong is called too short as well: the items' own complaints say more.
        told = [one for one in errors if not (one["type"] == "too_short" and _within(one["loc"], errors))]
        told = [one for one in told if one["loc"][-1:] != ("[key]",)]  # the mapping itself says it, too
        complaints += [_complaint(model, document, location, one) for one in told]
        return None


def _truths_for_numbers(
    model: type[BaseModel], data: Any, location: Location, document: Document
) -> Iterator[Complaint]:
    """YAML reads yes, no, on and off as truths, and pydantic takes a truth for 1 or 0."""
    for key, value in data.items() if isinstance(data, dict) else ():
        field = model.model_fields.get(key) if isinstance(key, str) else None
        if field is None:
            continue
        here, inner = (*location, key), _model_in(field.annotation)
        if isinstance(value, bool) and not _takes(field.annotation, bool) and _takes(field.annotation, float, int):
            name, word = ".".join(map(str, here)), "yes" if value else "no"
            yield document.complaint(here, f"{name}: a number is needed, found {word} (true or false)")
        elif inner is not None:
            items = enumerate(value) if isinstance(value, list) else [(None, value)]
            for i, one in items:
                yield from _truths_for_numbers(inner, one, here if i is None else (*here, i), document)


def _takes(annotation: Any, *kinds: type) -> bool:
    return annotation in kinds or any(_takes(one, *kinds) for one in getattr(annotation, "__args__", ()))


def _within(where: tuple[str | int, ...], errors: list[Any]) -> bool:
    return any(len(one["loc"]) > len(where) and one["loc"][: len(where)] == where for one in errors)


def _complaint(model: type[BaseModel], document: Document, location: Location, error: Any) -> Complaint:
    where = (*location, *(step for step in error["loc"] if isinstance(step, str | int)))
    if error["type"] == "invalid_key":
        where = (*where[:-1], str(where[-1]))
    name = ".".join(map(str, where)) or "file"
    message = _words(error)
    if error["type"] == "extra_forbidden":
        message = f"unknown key{_suggestion(str(where[-1]), _fields_at(model, error['loc'][:-1]))}"
    elif error["type"] == "missing":
        message = "is needed and missing"
    elif not isinstance(error.get("input"), dict | list):
        value = error.get("input")
        found = str(value) if isinstance(value, date) else repr(value)
        told = isinstance(value, str | date) and found in message
        message = message if told else f"{message}, found {found}"
    return document.complaint(where, masked(f"{name}: {message}"))


def _words(error: Any) -> str:
    """What pydantic says, in the words of somebody who writes YAML."""
    context, kind = error.get("ctx", {}), error["type"]
    if kind in _WORDS:
        return _WORDS[kind].format(**context)
    if kind == "string_pattern_mismatch" and context["pattern"] == f"^{IDENTIFIER}$":
        return _IN_IDENTIFIERS
    # It names members of an enumeration as Python does: <Means.UAV: 'uav'>.
    return re.sub(r"<\w+\.\w+: ('[^']*')>", r"\1", str(error["msg"]).removeprefix("Value error, "))


def _fields_at(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """Names of the fields that a section at `location` may have."""
    for step in location:
        if isinstance(step, str) and step in model.model_fields:
            inner = _model_in(model.model_fields[step].annotation)
            if inner is not None:
                model = inner
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(argument) for argument in getattr(annotation, "__args__", ()))
    return next((model for model in found if model is not None), None)


def _suggestion(word: str, known: Any) -> str:
    if not known:
        return "; there are none"
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else f"; allowed are {', '.join(sorted(known))}"


def _twice(document: Document, *sections: str, key: str = "id") -> Iterator[Complaint]:
    seen: dict[str, int | None] = {}
    for section in sections:
        items = document.data.get(section)
        for i, item in enumerate(items if isinstance(items, list) else ()):
            name = item.get(key) if isinstance(item, dict) else None
            if not isinstance(name, str):
                continue
            here = (section, i, key)
            if name in seen:
                told = f"{section}: {key} {name!r} is used twice; the first is on line {seen[name]}"
                yield document.complaint(here, told)
            seen.setdefault(name, document.line_of(here))


def _rates_of_videos(path: Path, document: Document, settings: Settings) -> Iterator[Complaint]:
    """`fps` of feeds that are no folders of pictures: it would say nothing."""
    for i, feed in enumerate(settings.feeds):
        if feed.fps is not None and (is_address(feed.media) or beside(path, feed.media).is_file()):
            message = f"feed {feed.id!r}: fps is for folders of pictures; a video's pictures have times of their own"
            yield document.complaint(("feeds", i, "fps"), message)


def _unknown_feeds(document: Document, rules: tuple[Part, ...], known: set[str]) -> Iterator[Complaint]:
    ids = [item.get("id") if isinstance(item, dict) else None for item in document.data.get("rules") or ()]
    for rule in rules:
        for feed in rule.feeds or ():
            if feed not in known:
                message = f"rule {rule.part_id!r}: there is no feed {feed!r}{_suggestion(feed, known)}"
                yield document.complaint(("rules", ids.index(rule.part_id), "feeds"), message)
