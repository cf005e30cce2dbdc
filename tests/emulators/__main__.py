"""`make emulators`: build those whose tool is here, and say which are left out and why.

`make kubernetes` names the one that is built on request alone.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

from tests.emulators.builds import BUILDS, CONTROL_PLANE


def main(names: list[str]) -> int:
    known = {**BUILDS, CONTROL_PLANE.name: CONTROL_PLANE}
    failed = False
    for build in (known[name] for name in names or BUILDS):
        if not build.command.exists() and shutil.which(build.tool) is None:
            print(f"{build.name}: left out, there is no {build.tool}")
            continue
        try:
            build.make()
        except subprocess.CalledProcessError as error:
            print(f"{build.name}: failed with exit status {error.returncode}")
            failed = True
        else:
            print(f"{build.name} {build.version}: {build.command}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
