"""RSA keys for simulated clusters at once: of two known primes, no pair of them used twice.

Making a key is searching for its primes, a tenth of a second of processor time, and the tests make
thousands. The keys protect nothing; they are as valid as others. Started processes make their own,
as the sandbox of a person does (`tests/sandbox/test_definition_captures.py` and what is slow).
"""

import functools
import itertools
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from kled.sandbox.store import private_keys

_EXPONENT = 65537
_PRIMES = Path(__file__).parent / "primes.txt"
_OF_ONE_COMMAND = 40
"""Keys that a command may make: a dozen for each cluster, and fewer for each rotation."""
_next = itertools.count()


def install() -> None:
    """Take the keys of this process from known primes from now on."""
    private_keys.take_from(quick)


def begin(command: int) -> None:
    """Take other keys than any of the commands before, of which this one is forked."""
    global _next  # noqa: PLW0603 - of a process that has just begun
    pairs = len(_pairs(1024))
    _next = itertools.count(pairs // 2 + command * _OF_ONE_COMMAND % (pairs // 2))


def quick(bits: int) -> rsa.RSAPrivateKey:
    """Return the next key of so many bits; one of another size than 1024 or 2048 is made."""
    pairs = _pairs(bits // 2)
    return _key(*pairs[next(_next) % len(pairs)]) if pairs else private_keys.make_key(bits)


@functools.cache
def _pairs(bits: int) -> list[tuple[int, int]]:
    primes = [int(line, 16) for line in _PRIMES.read_text().splitlines()]
    fitting = [prime for prime in primes if prime.bit_length() == bits]
    return list(itertools.combinations(sorted(fitting, reverse=True), 2))


def _key(p: int, q: int) -> rsa.RSAPrivateKey:
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    crt = (d % (p - 1), d % (q - 1), pow(q, -1, p))
    numbers = rsa.RSAPrivateNumbers(p, q, d, *crt, public)
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)  # they are as they were made
