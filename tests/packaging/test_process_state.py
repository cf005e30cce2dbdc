"""What a process remembers between two calls, and where it looks at its surroundings.

Each stands in a list here: whoever adds one says in its docstring why threads and a second run in
the same process are safe with it, and why it is no argument.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
ROOMS: Final = ("kled", "tasks", "flows", "deployments")
CHANGES: Final = frozenset(
    {
        *("add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove"),
        *("setdefault", "update"),
    }
)
MADE_TO_CHANGE: Final = frozenset(
    {
        *("ContextVar", "defaultdict", "deque", "dict", "list", "set", "OrderedDict"),
        *("itertools.count", "threading.Event", "threading.Lock", "threading.RLock"),
        "threading.local",
    }
)
"""What makes a value that changes."""
CACHES: Final = frozenset({"cache", "lru_cache", "functools.cache", "functools.lru_cache"})

REMEMBERED: Final = {
    "kled/cli/app.py": {"LAST_WORDS"},
    "kled/cli/frame/command.py": {"LAST_WORDS"},
    "kled/cli/frame/interruption.py": {"LAST_WORDS"},
    "kled/cli/frame/signals.py": {"LAST_WORDS"},
    "kled/cli/terminal/streams.py": {"_redactor"},
    "kled/cli/terminal/typed_places.py": {"_said"},
    "kled/kops/failures/failure_row.py": {"_compiled"},
    "kled/kops/fields/internal_names.py": {"_pairs"},
    "kled/kops/fields/known_fields.py": {"_everywhere", "_types"},
    "kled/kops/state_store/key_material.py": {"_certificate"},
    "kled/lease/sharing.py": {"_guard", "_shares"},
    "kled/pool.py": {"_share_memory"},
    "kled/redact/secret_shapes.py": {"_compiled"},
    "kled/sandbox/definition/go_types.py": {"_exceptions"},
    "kled/sandbox/definition/schema.py": {"internal_types", "types"},
    "kled/sandbox/store/private_keys.py": {"_sources"},
    "kled/snapshot/etcd/contents.py": {"_shared"},
    "kled/storage/memory.py": {"_names", "_shared", "_shared_lock"},
    "kled/storage/obstore_loading.py": {"_LOADING"},
    "kled/storage/conditional_writes.py": {"_honest"},
    "kled/storage/s3/client.py": {"_DESCRIBING", "_models"},
    "tasks/running/block.py": {"_open"},
    "tasks/running/ending.py": {"_attending"},
    "tasks/running/logs.py": {"_told"},
    "tasks/running/marks.py": {"_kops"},
    "tasks/running/resources.py": {"_caller", "_remarked"},
}
LOOK_AROUND: Final = {
    "kled/__main__.py",
    "kled/api/client.py",
    "kled/cli/app.py",
    "kled/cli/completing/following_words.py",
    "kled/cli/demo.py",
    "kled/cli/flows/here.py",
    "kled/cli/flows/temporary_server.py",
    "kled/cli/flows/there.py",
    "kled/cli/frame/command.py",
    "kled/cli/frame/signals.py",
    "kled/cli/terminal/streams.py",
    "kled/lease/watchdog.py",
    "kled/sandbox/__main__.py",
    "tasks/running/resources.py",
}
"""The places where a process begins; all else is told its variables."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def named_by(module: ast.Module) -> dict[str, ast.expr | None]:
    """Return the values of a module by their names; None: imported."""
    values: dict[str, ast.expr | None] = {}
    for statement in module.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                values[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                values[name] = value
            case ast.ImportFrom(names=names):
                values |= {alias.asname or alias.name: None for alias in names}
    return values


def changed(node: ast.AST, own: set[str]) -> str | None:
    """Return the name of what a node changes in place; verbs of imported modules change nothing."""
    match node:
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
            return name
        case ast.Attribute(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
            return name
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=verb)) if (
            verb in CHANGES and name in own
        ):
            return name
        case _:
            return None


def is_made_to_change(value: ast.expr | None) -> bool:
    """Say whether a value may change: an empty collection, a lock, a counter, a cache."""
    match value:
        case ast.List(elts=[]) | ast.Dict(keys=[]):
            return True
        case ast.Call(func=ast.Call(func=maker)):
            return ast.unparse(maker) in CACHES
        case ast.Call(func=maker):
            return ast.unparse(maker).partition("[")[0] in MADE_TO_CHANGE
        case _:
            return False


def remembered_by(module: ast.Module) -> set[str]:
    values = named_by(module)
    local = {
        argument.arg
        for function in ast.walk(module)
        if isinstance(function, ast.FunctionDef | ast.Lambda)
        for argument in (*function.args.args, *function.args.kwonlyargs)
    }
    nodes = list(ast.walk(module))
    own = {name for name, value in values.items() if value is not None}
    touched = {changed(node, own) for node in nodes}
    names = {name for name in touched if name in values and name not in local}
    names |= {name for name, value in values.items() if is_made_to_change(value)}
    names |= {name for node in nodes if isinstance(node, ast.Global) for name in node.names}
    names |= {
        node.name
        for node in module.body
        if isinstance(node, ast.FunctionDef)
        if any(_maker(decorator) in CACHES for decorator in node.decorator_list)
    }
    return names


def _maker(decorator: ast.expr) -> str:
    return ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)


def test_what_a_process_remembers_is_listed() -> None:
    remembered = {name: names for name, module in modules() if (names := remembered_by(module))}

    assert remembered == REMEMBERED


def test_variables_are_read_where_a_process_begins() -> None:
    looking = {
        name
        for name, module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute)
        if ast.unparse(node) in {"os.environ", "os.environb", "os.getenv", "os.putenv"}
    }

    assert looking == LOOK_AROUND
