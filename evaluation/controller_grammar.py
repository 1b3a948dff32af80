"""How controllers are written, wherever a name stands: command lines, teams, opponents, experiments, Python.

    list       = entry, entry, ...            @FILE among them stands for the file's lines, one entry each, # comments
    entry      = reference, or a team: ROLE=reference+ROLE=reference
    reference  = head:key=value:key=value
    head       = NAME, zoo:NAME, PATH, module:attribute, sb3:PATH, torch:module:attribute

Whatever stands in quotes, single or double, is text: commas, colons and plus signs part nothing there. Colons before
the ending of a policy's file belong to its path, as in ``runs/2026-01-02T15:00:00/policy.safetensors``.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from voltran.envs.errors import ScenarioError
from voltran.envs.references import is_reference
from voltran.envs.scenario import parse_overrides
from voltran.envs.text_files import read_text

POLICY_SUFFIX = ".safetensors"
FILE_SUFFIXES = (POLICY_SUFFIX, ".zip")
MOST_MIB = 16  # of a file of names
SWITCHES = ("on", "off", "yes", "no")  # YAML reads them as true and false; settings of named controllers are words
QUOTES = "\"'"
HIDDEN = "\0"  # stands for quoted text where separators are looked for
AFTER_QUOTES = f",:+={QUOTES}"

MEMBER = re.compile(r"([A-Za-z_]\w*)=")  # of a team: who plays which role
BETWEEN_MEMBERS = re.compile(r"\+(?=[A-Za-z_]\w*=)")  # other plus signs belong to paths and numbers
MODULE = re.compile(r"[A-Za-z_]\w*(\.\w+)*")
PREFIXES = {"zoo": 1, "sb3": 1, "torch": 2}  # how many more parts between colons belong to the head

Kind = Literal["name", "path", "own", "zoo", "sb3", "torch"]


class Option(NamedTuple):
    """One option as it is written; quoted values are text, others are read as YAML reads them."""

    key: str
    text: str
    quoted: bool = False

    def value(self, words: Collection[str] = ()) -> Any:
        """What it stands for; some words stay what they are."""
        if self.quoted or self.text.lower() in words:
            return self.text
        return parse_overrides([f"{self.key}={self.text}"])[self.key]

    def __str__(self) -> str:
        return f":{self.key}={_quoted(self.text) if self.quoted else self.text}"


@dataclass(frozen=True)
class Reference:
    """One controller as it is written.

    Attributes:
        head: who it is, without quotes.
        options: in the order given.
    """

    head: str
    options: tuple[Option, ...] = ()

    @property
    def kind(self) -> Kind:
        """What the head is."""
        prefix, colon, _ = self.head.partition(":")
        if colon and prefix in PREFIXES:
            return prefix  # type: ignore[return-value]
        if self.head.endswith(POLICY_SUFFIX) or "/" in self.head or "\\" in self.head:
            return "path"
        return "own" if is_reference(self.head) else "name"

    @property
    def target(self) -> str:
        """The head without the prefix of its kind."""
        return self.head.partition(":")[2] if self.kind in PREFIXES else self.head

    @property
    def values(self) -> dict[str, Any]:
        """Options, name to value."""
        words = SWITCHES if self.kind == "name" else ()
        return {option.key: option.value(words) for option in self.options}

    def shown_as(self, head: str) -> str:
        """The reference with another head, for labels."""
        return head + "".join(map(str, self.options))

    def __str__(self) -> str:
        return self.shown_as(self.head if _says_itself(self.head) else _quoted(self.head))


Entry: TypeAlias = dict[str, Reference]  # role -> controller; one that is no team stands under an empty role


def parse_entries(written: str | Iterable[str]) -> list[Entry]:
    """Read a list of controllers and teams.

    Args:
        written: separated by commas; or several such texts.

    Raises:
        ScenarioError: nobody is named, something is not written as it must be, or a file that cannot be read.
    """
    texts = [written] if isinstance(written, str) else list(written)
    entries = [entry for text in texts for part in _split(_scanned(text), ",") for entry in _entries(part)]
    if not entries:
        raise ScenarioError(f"controllers {', '.join(texts)!r}: none named; write for example independent,static")
    return entries


def parse_entry(written: str) -> Entry:
    """Read exactly one controller or team.

    Raises:
        ScenarioError: as :func:`parse_entries`, or more than one.
    """
    entries = parse_entries(written)
    if len(entries) > 1:
        raise ScenarioError(f"controller {written!r}: names {len(entries)} controllers; name one, quote commas in it")
    return entries[0]


def split_entries(text: str) -> list[str]:
    """The entries of a list as they are written.

    Raises:
        ScenarioError: a quote that is not closed.
    """
    return [part for found in _split(_scanned(text), ",") if (part := "".join(char.raw for char in found).strip())]


def entry_text(entry: Entry) -> str:
    """An entry in the form in which it can be read again."""
    return "+".join(f"{role}={reference}" if role else str(reference) for role, reference in entry.items())


class _Char(NamedTuple):
    """A character: as it counts (nothing for a quotation mark), as it is written, and whether it was quoted."""

    text: str
    raw: str
    quoted: bool


_Chars: TypeAlias = Sequence[_Char]


def _scanned(text: str) -> _Chars:
    """Characters of a text. A quote opens where a part begins, and elsewhere is a character like others."""
    found: list[_Char] = []
    opened, beginning, closed = "", True, False
    for char in text:
        if opened:
            closed = char == opened
            found.append(_Char("" if closed else char, char, True))
            opened = "" if closed else opened
            continue
        if closed and not (char in AFTER_QUOTES or char.isspace()):
            raise ScenarioError(
                f"controllers {text!r}: {char!r} follows a closing quote; quote the whole name or value"
            )
        if char in QUOTES and (beginning or closed):
            opened = char
            found.append(_Char("", char, True))
        else:
            found.append(_Char(char, char, False))
        beginning = char in ",:=@" or (beginning and char.isspace())
        closed = False
    if opened:
        raise ScenarioError(f"controllers {text!r}: a quote {opened} is not closed; close it, or quote the whole name")
    return found


def _text(chars: _Chars) -> str:
    return "".join(char.text for char in chars)


def _shadow(chars: _Chars) -> str:
    """As long as the characters, with quoted ones hidden."""
    return "".join(HIDDEN if char.quoted else char.text for char in chars)


def _stripped(chars: _Chars) -> _Chars:
    shadow = _shadow(chars)
    return chars[len(shadow) - len(shadow.lstrip()) : len(shadow.rstrip())]


def _split(chars: _Chars, separator: str) -> list[_Chars]:
    return _cut(chars, [place for place, char in enumerate(_shadow(chars)) if char == separator])


def _cut(chars: _Chars, places: Sequence[int]) -> list[_Chars]:
    """The parts between characters at some places, without the blanks around them."""
    starts, ends = [0, *(place + 1 for place in places)], [*places, len(chars)]
    return [_stripped(chars[start:end]) for start, end in zip(starts, ends, strict=True)]


def _entries(chars: _Chars) -> list[Entry]:
    """What one part of a list stands for."""
    if _shadow(chars).startswith("@"):
        return _from_file(Path(_text(chars[1:]).strip()))
    return [_entry(chars)] if chars else []


def _from_file(path: Path) -> list[Entry]:
    lines = read_text(path, f"controllers @{path}", MOST_MIB).splitlines()
    entries = []
    for number, line in enumerate(lines, 1):
        try:
            entries += _from_line(_scanned(line))
        except ScenarioError as error:
            raise ScenarioError(f"controllers @{path}, line {number}: {error}") from error
    if not entries:
        raise ScenarioError(f"controllers @{path}: none named; write one a line")
    return entries


def _from_line(chars: _Chars) -> list[Entry]:
    comment = re.search(r"(^|\s)#", _shadow(chars))
    parts = _split(chars[: comment.start()] if comment else chars, ",")
    if len(parts) > 1:
        raise ScenarioError("holds a comma; write one controller a line, and quote commas in it")
    if _shadow(parts[0]).startswith("@"):
        raise ScenarioError("names another file; write controllers")
    return _entries(parts[0])


def _entry(chars: _Chars) -> Entry:
    shadow, written = _shadow(chars), "".join(char.raw for char in chars)
    parts = _cut(chars, [found.start() for found in BETWEEN_MEMBERS.finditer(shadow)])
    if len(parts) == 1 and not MEMBER.match(shadow):
        return {"": _reference(chars)}
    members: Entry = {}
    for part in parts:
        match = MEMBER.match(_shadow(part))
        rest = _stripped(part[match.end() :]) if match else []
        if match is None or not rest:
            shown = "".join(char.raw for char in part)
            raise ScenarioError(
                f"team {written!r}: {shown!r} is not ROLE=CONTROLLER; write for example bs=msrc+retailer=dpa"
            )
        if match[1] in members:
            raise ScenarioError(f"team {written!r}: role {match[1]} has two controllers; name one per role")
        members[match[1]] = _reference(rest)
    return members


def _reference(chars: _Chars) -> Reference:
    parts = _split(chars, ":")
    length = _head_length(parts)
    head = ":".join(_text(part) for part in parts[:length])
    if not head or (length == 1 and head in PREFIXES):
        shown = "".join(char.raw for char in chars)
        raise ScenarioError(f"controller {shown!r}: names nobody; write a name before its options, such as msrc:key=1")
    options = tuple(_option(part, head) for part in parts[length:])
    keys = [option.key for option in options]
    if repeated := next((key for key in keys if keys.count(key) > 1), None):
        raise ScenarioError(f"controller {head!r}: option {repeated!r} is given twice; give it once")
    return Reference(head, options)


def _head_length(parts: Sequence[_Chars]) -> int:
    """How many of the parts between colons say who it is."""
    shadows = list(map(_shadow, parts))
    first = shadows[0]
    before_options = next((place for place, shadow in enumerate(shadows) if "=" in shadow and place), len(parts))
    ends = [place for place, shadow in enumerate(shadows[:before_options], 1) if shadow.endswith(FILE_SUFFIXES)]
    if ends and first not in ("zoo", "torch"):
        return ends[-1]  # colons of a time or a drive belong to the path of a file
    if first in PREFIXES:
        return min(1 + PREFIXES[first], len(parts))
    is_own = len(parts) > 1 and MODULE.fullmatch(first) and MODULE.fullmatch(_shadow(parts[1]))
    return 2 if is_own else 1


def _option(chars: _Chars, head: str) -> Option:
    place = _shadow(chars).find("=")
    key, value = _text(_stripped(chars[: max(place, 0)])), _stripped(chars[place + 1 :])
    if place < 0 or not key:
        raise ScenarioError(
            f"controller {head!r}: option {''.join(char.raw for char in chars)!r} is not of the form key=value; a path "
            "with colons in it stands in quotes"
        )
    option = Option(key, _text(value), any(char.quoted for char in value))
    option.value()  # what YAML cannot read is said now
    return option


def _says_itself(head: str) -> bool:
    """Whether a head is read as itself without quotes, in lists, teams and files."""
    try:
        return "#" not in head and parse_entries(head) == [{"": Reference(head)}]
    except ScenarioError:
        return False


def _quoted(text: str) -> str:
    """A text in quotes that it does not hold; in several pieces where it holds both."""
    if '"' not in text:
        return f'"{text}"'
    return "".join(f"'{piece}'" if '"' in piece else f'"{piece}"' for piece in re.findall(r'"+|[^"]+', text))
