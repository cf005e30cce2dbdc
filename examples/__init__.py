"""Programs and flows of a team that use kled and chain its tasks; tests run them in a sandbox.

Python imports this first: a flow that is run without a Prefect server starts one of its own, which
a busy machine needs more time for than the 20 seconds that Prefect gives it.
"""

import os

from tasks.running.environment import prepare

prepare(os.environ)
