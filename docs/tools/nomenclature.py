"""Symbols of the papers and their names in the code, from ``nomenclature.yaml``.

A name in the code is ``module:attribute``, seen from ``voltran``; a function's parameter stands in brackets after it.
"""

import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from docs.tools.rows import table


class Symbol(NamedTuple):
    """A symbol of a paper.

    Attributes:
        symbol: as the paper prints it, in TeX.
        meaning: what it stands for.
        unit: in the code.
        code: where it is, see above.
    """

    symbol: str
    meaning: str
    unit: str
    code: str

    @property
    def file(self) -> str:
        """File of the name, relative to the repository."""
        return self.code.partition(":")[0].replace(".", "/") + ".py"

    @property
    def name(self) -> str:
        """The name without its module."""
        return self.code.partition(":")[2]


SYMBOLS: dict[str, list[Symbol]] = {
    paper: [Symbol(*map(str, row)) for row in rows]
    for paper, rows in yaml.safe_load((Path(__file__).parent / "nomenclature.yaml").read_text("utf-8")).items()
}


def exists(symbol: Symbol) -> bool:
    """Whether the name stands for something in the code."""
    attribute, _, parameter = symbol.name.rstrip(")").partition("(")
    found: Any = import_module(f"voltran.{symbol.file.removesuffix('.py').replace('/', '.')}")
    for part in attribute.split("."):
        fields = getattr(found, "model_fields", {}) | getattr(found, "__annotations__", {})
        if hasattr(found, part):
            found = getattr(found, part)
        elif part in fields:
            found = getattr(fields[part], "annotation", None)
        else:
            return False
    return not parameter or parameter in inspect.signature(found).parameters


def nomenclature(paper: str) -> str:
    """One row per symbol of a paper."""
    rows = [
        [f"${symbol.symbol}$", symbol.meaning, symbol.unit, f"[`{symbol.name}`](../{symbol.file})"]
        for symbol in SYMBOLS[paper]
    ]
    return table(["symbol", "meaning", "unit here", "name in the code"], rows)


def nomenclature_msrc() -> str:
    """Symbols of [MSRC]."""
    return nomenclature("MSRC")


def nomenclature_dpa() -> str:
    """Symbols of [DPA]."""
    return nomenclature("DPA")


def nomenclature_fdran() -> str:
    """Symbols of [FDRAN]."""
    return nomenclature("FDRAN")


def nomenclature_cg() -> str:
    """Symbols of [CG]."""
    return nomenclature("CG")


TABLES: dict[str, Callable[[], str]] = {
    made.__name__: made for made in (nomenclature_msrc, nomenclature_dpa, nomenclature_fdran, nomenclature_cg)
}
