"""Finds, reads and validates the config; tells every problem of every file at once, with file and line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sync.config import rules
from sync.config.expansion import expand_file, told_of_template
from sync.config.files import FilesRead, read_files
from sync.config.forms import Options, is_loopback, is_open
from sync.config.origins import spec_of
from sync.config.problems import Place, SourceFile, did_you_mean, in_file_order, listed, shown, unknown_name
from sync.config.settings import Alerts, Daemon, Google, LogSettings, StoreSettings, resolve_secret, resolve_store_url
from sync.config.sheet import Sheet, Tab
from sync.config.summary_rules import check_summary
from sync.config.translate import translate
from sync.errors import ConfigError, Problem
from sync.records import StreamSpec
from sync.sources.base import SourceOptions, Vendor
from sync.sources.registry import VENDORS, vendor_of

M = TypeVar("M", bound=BaseModel)

_SECTIONS = ("include", "google", "store", "daemon", "alerts", "log", "connection", "sheet")
_SECTIONS_OF_INCLUDED = ("connection", "sheet")
_SECRETS_OF = {
    "google": ("credentials",),
    "store": ("url",),
    "daemon": ("token",),
    "alerts": ("urls", "heartbeat"),
}
_RESERVED_CONNECTIONS = ("google", "google_read", "google_write")  # reports count requests under these names


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that the files say, validated. Secrets are not in it: they are read when asked for."""

    path: Path
    google: Google
    store: StoreSettings
    daemon: Daemon
    connections: Mapping[str, SourceOptions]
    sheets: tuple[Sheet, ...]
    alerts: Alerts = field(default_factory=Alerts)
    log: LogSettings = field(default_factory=LogSettings)
    places: Mapping[str, Place] = field(default_factory=dict, repr=False)
    find_warnings: Callable[[], tuple[Problem, ...]] = field(default=tuple, repr=False, compare=False)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What works, and may surprise, in the order of the files; looked for anew, as few ask."""
        return self.find_warnings()

    @property
    def folder(self) -> Path:
        """The folder that relative paths of the config start from."""
        return self.path.parent

    def sheet_named(self, name: str) -> Sheet:
        """Return the sheet of that name; ConfigError names those that exist."""
        for sheet in self.sheets:
            if sheet.name.casefold() == name.casefold():
                return sheet
        names = [sheet.name for sheet in self.sheets]
        hint = did_you_mean(name, names) or f"Known: {listed(names) or 'none'}."
        raise ConfigError(f"There is no sheet {shown(name)} in {self.path}.", hint=hint)

    def spec_of(self, tab: Tab) -> StreamSpec:
        """Return the stream that a tab shows, as it is with the tab's params."""
        return spec_of(self.connections, tab)

    def vendor_titles(self) -> dict[str, str]:
        """Return the vendor's name as people write it, by connection."""
        return {name: vendor_of(options).title for name, options in self.connections.items()}

    def connection_secrets(self, name: str) -> dict[str, str]:
        """Return the secrets of a connection by option; ConfigError names all that cannot be read."""
        options = self.connections[name]
        found: dict[str, str] = {}
        failures: list[ConfigError] = []
        for key in options.secrets_named():
            try:
                found[key] = self._resolve(f"connection.{name}.{key}", getattr(options, key))
            except ConfigError as error:
                failures.append(error)
        if len(failures) > 1:
            problems = [problem for failure in failures for problem in failure.problems]
            whats, hints = [failure.what for failure in failures], [failure.hint for failure in failures]
            raise ConfigError(" ".join(whats), problems=problems, hint=" ".join(hints))
        if failures:
            raise failures[0]
        return found

    def google_key(self, credentials: str | None = None) -> str | None:
        """Return the JSON text of a service account's key; None for "adc" and "anonymous"."""
        ref = credentials or self.google.credentials
        return None if ref in {"adc", "anonymous"} else self._resolve("google.credentials", ref)

    def secret(self, option: str, ref: str) -> str:
        """Return the secret that an option refers to; ConfigError names the option, never the value."""
        return self._resolve(option, ref)

    def store_url(self) -> str:
        """Return the address of the store, its relative file made absolute and a reference to a secret followed."""
        try:
            return resolve_store_url(self.store.url, self.folder)
        except ConfigError as error:
            raise self._placed("store.url", error) from error

    def _resolve(self, option: str, ref: str) -> str:
        try:
            return resolve_secret(ref, self.folder)
        except ConfigError as error:
            raise self._placed(option, error) from error

    def _placed(self, option: str, error: ConfigError) -> ConfigError:
        """Say at which option of which file the reference is written."""
        place = self.places.get(option)
        problems = [place.problem(error.what, hint=error.hint)] if place else []
        return ConfigError(error.what, problems=problems, hint=error.hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRead:
    """One [[sheet]] as it is written: the file it stands in, its raw values, and what is wrong with it.

    `sheet` is None where it cannot be used. A name that cannot be read is "".
    """

    name: str
    file: str
    raw: Mapping[str, Any] = field(repr=False)
    sheet: Sheet | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What came of reading the files. `config` holds the good sheets, and is None when nothing can start.

    `process` is what stands outside of sheets, raw; of the files in `unreadable` nothing is known.
    """

    config: Config | None
    problems: tuple[Problem, ...]
    sheets: tuple[SheetRead, ...] = ()
    unreadable: tuple[str, ...] = ()
    process: Mapping[str, Any] = field(default_factory=dict, repr=False)


def load_config(path: Path | str) -> Config:
    """Return the config, or raise ConfigError with every problem of every file."""
    reading = read_config(path)
    if reading.config is None or reading.problems:
        raise problems_error(reading.problems)
    return reading.config


def problems_error(problems: Sequence[Problem]) -> ConfigError:
    """Make the error that tells of these mistakes."""
    n = len(problems)
    return ConfigError(f"{n} problem{'s' if n != 1 else ''} in the config.", problems=problems)


def read_config(path: Path | str) -> Reading:
    """Read the files and keep the sheets that are good, for a daemon that goes on with those."""
    path = Path(path)
    read = read_files(path)
    if not read.files:
        return Reading(config=None, problems=read.problems, unreadable=read.unreadable)
    return _Reader(path, read).read()


def reread_config(path: Path, raw: Mapping[str, Any]) -> Reading:
    """Judge raw values that were kept as if they stood in the config file now."""
    return _Reader(path, FilesRead((SourceFile(str(path), raw),), (), (str(path),))).read()


class _Reader:
    """Collects models and problems while it walks the files once."""

    def __init__(self, path: Path, read: FilesRead) -> None:
        self.path = path
        self.read_files = read
        self.root = [Place(file) for file in read.files]
        self.shared: list[Problem] = list(read.problems)  # nothing can start before these are mended
        self.places: dict[str, Place] = {}

    def read(self) -> Reading:
        self._check_sections()
        google, store = self._section("google", Google), self._section("store", StoreSettings)
        daemon, alerts = self._section("daemon", Daemon), self._section("alerts", Alerts)
        log = self._section("log", LogSettings)
        connections, vendors = self._read_connections()
        known = rules.Known(vendors, complete=self.read_files.complete)
        whole = [expand_file(root.file, known) for root in self.root]
        self.written, self.root = self.root, [Place(one.file) for one in whole]
        self.of_templates = {one.file.name: one.problems for one in whole}
        between, found = self._read_sheets(known, daemon, connections)
        sheets = [one.sheet for one in found if one.sheet is not None]
        of_sheets = [*self.read_files.of_included, *between, *(p for one in found for p in one.problems)]
        names = self.read_files.names
        config = None
        if google and store and daemon and alerts and log and not self.shared:
            config = Config(
                path=self.path,
                google=google,
                store=store,
                daemon=daemon,
                alerts=alerts,
                log=log,
                connections=MappingProxyType(connections),
                sheets=tuple(sheets),
                places=MappingProxyType(self.places),
                find_warnings=lambda: tuple(
                    in_file_order(self._find_warnings(known, google, daemon, connections), names)
                ),
            )
        problems = in_file_order([*self.shared, *of_sheets], names)
        return Reading(
            config=config,
            problems=tuple(problems),
            sheets=tuple(found),
            unreadable=self.read_files.unreadable,
            process=self._process(),
        )

    def _process(self) -> dict[str, Any]:
        """Return what stands outside of sheets, with the connections of all files."""
        main = {name: self.root[0].at(name).value for name in ("google", "store", "daemon")}
        tables = [root.at("connection").value for root in self.root]
        connections = {name: table for found in tables if isinstance(found, dict) for name, table in found.items()}
        return {name: value for name, value in main.items() if value is not None} | {"connection": connections}

    def _check_sections(self) -> None:
        for place in self.root:
            allowed = _SECTIONS if place is self.root[0] else _SECTIONS_OF_INCLUDED
            for name in place.file.values:
                if name in _SECTIONS and name not in allowed:
                    self.shared.append(place.at(name).problem("This belongs in the main file", received=shown(name)))
                elif name not in allowed:
                    self.shared.append(unknown_name(place.at(name), "section", name, allowed))

    def _section(self, name: str, model: type[M]) -> M | None:
        place = self.root[0].at(name)
        secrets = _SECRETS_OF.get(name, ())
        self.places |= {f"{name}.{secret}": place.at(secret) for secret in secrets}
        found, problems = _read_model(place, model, secrets=secrets)
        self.shared += problems
        return found

    def _read_connections(self) -> tuple[dict[str, SourceOptions], dict[str, Vendor | None]]:
        options: dict[str, SourceOptions] = {}
        vendors: dict[str, Vendor | None] = {}
        for place in [root.at("connection") for root in self.root]:
            if place.value is not None and not isinstance(place.value, dict):
                self.shared.append(place.problem("Connections are tables", hint="Write [connection.NAME]."))
            for name in place.value if isinstance(place.value, dict) else ():
                if name in vendors:
                    self.shared.append(place.at(name).problem("Another connection has this name", received=shown(name)))
                vendor = self._vendor_of(place.at(name))
                if found := self._read_connection(place.at(name), vendor):
                    options[name] = found
                vendors[name] = vendor and self._with_streams(vendor, place.at(name), options.get(name))
        return options, vendors

    @staticmethod
    def _with_streams(vendor: Vendor, place: Place, options: SourceOptions | None) -> Vendor:
        """One mistake in a connection must not bring a second one about its streams."""
        if options is None and isinstance(place.value, dict):
            return vendor.as_written(place.value)
        return vendor.with_options(options)

    def _vendor_of(self, place: Place) -> Vendor | None:
        name = str(place.path[-1])
        if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii() or name in _RESERVED_CONNECTIONS:
            allowed = f"letters, digits, - and _, and not {listed(_RESERVED_CONNECTIONS)}"
            self.shared.append(place.problem("The name cannot be used", received=shown(name), allowed=allowed))
        if not isinstance(place.value, dict):
            hint = f"Write [connection.{name}], and the options below it."
            self.shared.append(place.problem("A connection is a table", hint=hint))
            return None
        written = place.value.get("vendor")
        if isinstance(written, str) and written in VENDORS:
            return VENDORS[written]
        if written is None:
            self.shared.append(place.at("vendor").problem("The option is missing", allowed=listed(map(shown, VENDORS))))
        else:
            self.shared.append(unknown_name(place.at("vendor"), "vendor", str(written), list(VENDORS)))
        return None

    def _read_connection(self, place: Place, vendor: Vendor | None) -> SourceOptions | None:
        if vendor is None:
            return None
        secrets = vendor.options.secret_names()
        found, problems = _read_model(place, vendor.options, secrets=secrets)
        self.shared += problems
        self.places |= {f"connection.{place.path[-1]}.{secret}": place.at(secret) for secret in (*secrets, "base_url")}
        return found

    def _read_sheets(
        self, known: rules.Known, daemon: Daemon | None, connections: Mapping[str, SourceOptions]
    ) -> tuple[list[Problem], list[SheetRead]]:
        for place in [root.at("sheet") for root in self.root]:
            if place.value is not None and not _is_tables(place.value):
                self.shared.append(place.problem("Sheets are an array of tables", hint="Write [[sheet]]."))
        places = [sheet for root in self.root for sheet in root.tables("sheet")]
        between = [*rules.check_names(places), *rules.check_claims(places)]
        zone = daemon.timezone if daemon else "UTC"
        return between, [self._judge_sheet(place, known, between, zone, connections=connections) for place in places]

    def _judge_sheet(
        self,
        place: Place,
        known: rules.Known,
        between: Sequence[Problem],
        zone: str,
        *,
        connections: Mapping[str, SourceOptions],
    ) -> SheetRead:
        """Judge a whole sheet; what is kept of it is what is written, so that its template may change."""
        of_template = self.of_templates[place.file.name].get(int(place.path[1]), ())
        read = _judge_sheet(place, known, [*between, *of_template], zone, connections=connections)
        written = next(root for root in self.written if root.file.name == place.file.name)
        problems = tuple(told_of_template(problem, place) for problem in read.problems)
        return replace(read, raw=written.at(*place.path).value, problems=problems)

    def _find_warnings(
        self, known: rules.Known, google: Google, daemon: Daemon, connections: Mapping[str, SourceOptions]
    ) -> list[Problem]:
        main = self.root[0]
        what = "The key travels unencrypted"
        found = [
            main.at("google", name).problem("The key of Google travels unencrypted", received=shown(url))
            for name, url in (("sheets_url", google.sheets_url), ("drive_url", google.drive_url))
            if google.credentials != "anonymous" and is_open(url)
        ]
        found += [
            self.places[f"connection.{name}.base_url"].problem(what, received=shown(options.base_url))
            for name, options in connections.items()
            if is_open(options.base_url)
        ]
        if not is_loopback(daemon.listen):
            what = "Everyone who reaches this address can read the status page"
            found.append(main.at("daemon", "listen").problem(what, received=shown(daemon.listen)))
        sheets = [sheet for root in self.root for sheet in root.tables("sheet")]
        return found + [warning for sheet in sheets for warning in rules.sheet_warnings(sheet, known)]


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _read_model(place: Place, model: type[M], *, secrets: Sequence[str] = ()) -> tuple[M | None, list[Problem]]:
    """Validate one table."""
    raw = {} if place.value is None else place.value
    try:
        # Our own models say by themselves where they are strict: lists of the file become tuples.
        return model.model_validate(raw, strict=None if issubclass(model, Options) else True), []
    except ValidationError as error:
        return None, translate(error, place, model, secrets)


def _judge_sheet(
    place: Place,
    known: rules.Known,
    between: Sequence[Problem],
    zone: str,
    *,
    connections: Mapping[str, SourceOptions],
) -> SheetRead:
    """Read one sheet; what is wrong between it and another one counts against the later of the two."""
    sheet, own = _read_sheet(place, known)
    theirs = [p for p in between if p.file == place.file.name and p.field.startswith(f"{place.dotted}.")]
    if sheet is not None:
        # A connection may stand in a file that cannot be read now; that is told of the file.
        is_cut_off = any(name not in connections for tab in sheet.read_tabs for name in tab.connection)
        usable = not own and not theirs and not is_cut_off
        sheet = sheet.model_copy(update={"timezone": sheet.timezone or zone}) if usable else None
    name, file = place.text("name") or "", place.file.name
    return SheetRead(name=name, file=file, raw=place.value, sheet=sheet, problems=(*theirs, *own))


def _read_sheet(place: Place, known: rules.Known) -> tuple[Sheet | None, list[Problem]]:
    sheet, problems = _read_model(place, Sheet, secrets=("credentials",))
    problems += rules.check_sheet(place, known)
    for summary in place.tables("summary"):
        problems += check_summary(summary, place, known)
    return sheet, problems
