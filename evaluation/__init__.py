"""Controllers compared on the same draws: episodes, statistics, tables and pictures."""

from typing import TYPE_CHECKING

from voltran.offered import offered

if TYPE_CHECKING:
    from voltran.evaluation.controller_spec import make_controller, parse_controllers
    from voltran.evaluation.evaluation import Evaluation, evaluate
    from voltran.evaluation.report import write_report, write_tables
    from voltran.evaluation.results import Results, read_results

_HOMES = {
    "Evaluation": "voltran.evaluation.evaluation",
    "Results": "voltran.evaluation.results",
    "evaluate": "voltran.evaluation.evaluation",
    "make_controller": "voltran.evaluation.controller_spec",
    "parse_controllers": "voltran.evaluation.controller_spec",
    "read_results": "voltran.evaluation.results",
    "write_report": "voltran.evaluation.report",
    "write_tables": "voltran.evaluation.report",
}

__all__ = [
    "Evaluation",
    "Results",
    "evaluate",
    "make_controller",
    "parse_controllers",
    "read_results",
    "write_report",
    "write_tables",
]

__getattr__, __dir__ = offered(__name__, _HOMES)
