"""Asks for a forked process and stands for it: `python -I -S client.py ADDRESS MODULE ARGS…`.

It has the streams, the environment and the directory of whoever asks, ends with the same status,
and is killed where this process ends first. Of builtins alone, so that it starts at once.
"""

import _socket
import posix
import sys


def ask(
    address: str,
    words: list[str],
    env: dict[str, str],
    files: tuple[int, int, int],
    *,
    cwd: str,
    seconds: float | None = None,
) -> int:
    """Let `MODULE ARGS…` run with these streams; return its status, negative for a signal.

    Raises TimeoutError after so many seconds; what runs is killed when this connection closes.
    """
    question = encoded(words, env, cwd)
    streams = b"".join(file.to_bytes(4, sys.byteorder) for file in files)
    server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        server.settimeout(seconds)
        server.connect(address)
        rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)]
        server.sendmsg([len(question).to_bytes(4, "big")], rights)
        server.sendall(question)
        return int(server.recv(32))
    finally:
        server.close()


def encoded(words: list[str], env: dict[str, str], cwd: str) -> bytes:
    """Write down what is asked for; nothing of it can hold a NUL."""
    variables = [f"{name}={value}" for name, value in env.items()]
    return "\0".join([cwd, str(len(words)), *words, *variables]).encode("utf-8", "surrogateescape")


def decoded(question: bytes) -> tuple[list[str], dict[str, str], str]:
    """Return the words, the environment and the directory that are asked for."""
    cwd, count, *parts = question.decode("utf-8", "surrogateescape").split("\0")
    words, variables = parts[: int(count)], parts[int(count) :]
    return words, dict(each.split("=", 1) for each in variables), cwd


def _stand_for(address: str, *words: str) -> None:
    """Be a program that another process runs: with its streams, to its end."""
    env = {_text(name): _text(value) for name, value in posix.environ.items()}
    status = ask(address, [*words], env, (0, 1, 2), cwd=posix.getcwd())
    if status < 0:
        posix.kill(posix.getpid(), -status)
    posix._exit(status)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


if __name__ == "__main__":
    _stand_for(*sys.argv[1:])
