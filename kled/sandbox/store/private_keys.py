"""New RSA keys of simulated clusters, which protect nothing that is real."""

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import rsa

_EXPONENT = 65537
Source = Callable[[int], rsa.RSAPrivateKey]
"""Returns a key of so many bits that it has returned to nobody else."""


def make_key(bits: int) -> rsa.RSAPrivateKey:
    """Make a key: 0.1 s of processor time for one of 2048 bits, and a cluster has a dozen."""
    return rsa.generate_private_key(public_exponent=_EXPONENT, key_size=bits)


_sources: list[Source] = [make_key]
"""The last one counts. Set before the first command by tests alone; a sandbox has one."""


def new_key(bits: int) -> rsa.RSAPrivateKey:
    """Return a key that no other keyset has."""
    return _sources[-1](bits)


def take_from(source: Source) -> None:
    """Let this process take its keys from `source`: tests make thousands of clusters."""
    _sources.append(source)
