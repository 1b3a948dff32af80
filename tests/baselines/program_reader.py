"""Reads and solves program files by HiGHS itself: ``python -m tests.baselines.program_reader FILE...`` writes JSON.

It is a process of its own, as highspy and OR-Tools bring a HiGHS each and cannot be loaded together.
"""

import json
import sys
from typing import Any


def read(path: str) -> dict[str, Any]:
    """What a file says, and the optimum."""
    import highspy

    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("mip_rel_gap", 0.0)
    assert solver.readModel(path) == highspy.HighsStatus.kOk, path
    model = solver.getLp()
    solver.run()
    return {
        "columns": list(model.col_names_),
        "rows": list(model.row_names_),
        "costs": list(model.col_cost_),
        "lower": list(model.col_lower_),
        "upper": list(model.col_upper_),
        "whole": [kind == highspy.HighsVarType.kInteger for kind in model.integrality_],
        "status": solver.modelStatusToString(solver.getModelStatus()),
        "optimum": solver.getInfo().objective_function_value,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps({path: read(path) for path in sys.argv[1:]}))
