"""Threads that need parts of obstore at the same moment all get them."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import kled.storage

ROOM = Path(kled.storage.__file__).parent
FIRST_AT_ONCE = """
import sys, threading, time
from importlib.abc import MetaPathFinder

class Slow(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "obstore":
            time.sleep(0.5)

sys.meta_path.insert(0, Slow())
from kled.storage import obstore_errors
from kled.storage.s3 import client

def classify():
    assert obstore_errors.unsent(FileNotFoundError())

keys = {"S3_ACCESS_KEY_ID": "a", "S3_SECRET_ACCESS_KEY": "b"}
env = {"S3_ENDPOINT": "https://127.0.0.1:1", **keys}
clients = client.S3Clients(client.choose("s3", env, endpoint=None, region=None), "bucket")

def open_bucket():
    time.sleep(0.2)
    assert clients.data(10)

failures = []
threading.excepthook = failures.append
threads = [threading.Thread(target=target) for target in (classify, open_bucket)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit(f"{failures}" if failures else 0)
"""


def test_two_threads_that_begin_with_different_parts_do_not_stop_each_other() -> None:
    """Without `load` some of these processes end with a `_DeadlockError`, not each time."""
    command = [sys.executable, "-c", FIRST_AT_ONCE]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(8)]

    for process in running:
        _, written = process.communicate()
        assert process.returncode == 0, written


def test_whoever_imports_a_part_late_loads_the_whole_before() -> None:
    importing = [(path.name, late) for path in ROOM.rglob("*.py") for late in late_imports(path)]

    assert len(importing) > 3
    assert [name for name, loads in importing if not loads] == []


def late_imports(path: Path) -> Iterator[bool]:
    """Yield for each function that imports from obstore whether it loads the whole first."""
    if path.name == "obstore_loading.py":
        return
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef):
            lines = [ast.unparse(statement) for statement in function.body]
            imports = [at for at, line in enumerate(lines) if line.startswith("from obstore")]
            if imports:
                yield "obstore_loading.load()" in lines[: imports[0]]
