"""A run that asks for an approval and gives up soon: `python asker.py CLUSTER SECONDS`."""

import json
import os
import sys
from typing import Any

from tasks.running.environment import prepare


def main(cluster: str, patience: int) -> None:
    prepare(os.environ)
    from prefect import flow

    from tasks.running import approvals, edge, plans

    @flow(name="ask", persist_result=False)
    @edge.reported
    def ask() -> dict[str, Any]:
        plan, radius = plans.plan_update(cluster)
        return {"digest": approvals.obtain(plan, radius, approved=None, patience=patience).digest}

    state: Any = ask(return_state=True)
    error = state.result(raise_on_failure=False)
    kind = (type(error).__name__, getattr(error, "exit_code", None))
    print(json.dumps([str(state.state_details.flow_run_id), *kind]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
