"""What tells the old side in a text: its region and zones, account, bucket, and ids of resources.

A name counts where no other word goes on with it. Names that are words of a language (a bucket that
is called `kops`) count only where they can be nothing else: as a whole value, or in a URL.
"""

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Final

from kled.kops.facts import zones
from kled.recovery.rewrite.sides import Sides
from kled.recovery.rewrite.wording import spellings

_BEFORE: Final = r"(?<![A-Za-z0-9])"
_AFTER: Final = r"(?![A-Za-z0-9])"
_IDS: Final = (
    "ami|aki|ari|acl|cr|dopt|eigw|eipalloc|eipassoc|eni|fleet|fs|fsap|i|igw|lgw|lt|nat|pcx|pl|r|rtb"
    "|sg|sgr|sir|snap|subnet|svc|tgw|tgw-attach|vgw|vol|vpc|vpce|vpn"
)
_ID: Final = rf"{_BEFORE}(?:{_IDS})-(?:[0-9a-f]{{17}}|[0-9a-f]{{8}}){_AFTER}"
_ARN: Final = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:(?:\d*|aws):[^\s\"'`,;\]})]+")
_KINDS: Final = {
    "acm": "certificate",
    "iam": "IAM resource",
    "kms": "KMS key",
    "elasticloadbalancing": "load balancer",
    "s3": "bucket",
    "route53": "hosted zone",
}
_RESOURCE: Final = "resource"
_SPECIFIC: Final = re.compile(r"(?=.*[-.\d]).{6,}")


@dataclass(frozen=True, slots=True)
class Trace:
    """Something of the old side that a text names."""

    kind: str
    token: str

    def __str__(self) -> str:
        """Return kind and token."""
        return f"{self.kind} {self.token}"


@dataclass(frozen=True, slots=True)
class Tracer:
    """Finds what names the old side."""

    patterns: Sequence[tuple[str, re.Pattern[str]]]
    masked: re.Pattern[str] | None
    """What may hold anything: the cluster's own name, which stays, and what a person gave."""
    settled: Set[str]
    """What a person gave: an id that is part of it is of the new side."""

    def traces(self, text: str) -> Iterator[Trace]:
        """Yield each trace once; within an ARN, the ARN."""
        masked = self.masked.sub(lambda m: "\0" * len(m[0]), text) if self.masked else text
        arns = [match.span() for match in _ARN.finditer(masked)]
        traces = (
            self._trace(kind, match, text, arns)
            for kind, pattern in self.patterns
            for match in pattern.finditer(masked)
        )
        yield from dict.fromkeys(filter(None, traces))

    def _trace(
        self, kind: str, match: re.Match[str], text: str, arns: list[tuple[int, int]]
    ) -> Trace | None:
        if kind == _RESOURCE and any(match[0] in given for given in self.settled):
            return None
        for start, end in arns:
            if start <= match.start() < end:
                arn = text[start:end]
                return Trace(_KINDS.get(arn.split(":")[2], "ARN"), arn)
        return Trace(kind, match[0])


def tracer(sides: Sides, given: Set[str]) -> Tracer:
    """Return what finds the old side of a move in a text.

    A longer text that a person `gave` for the new side may name the old one in itself.
    """
    patterns = tuple(
        (kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _patterns(sides)
    )
    chosen = {text for text in given if _names_more(text, [each for _, each in patterns])}
    masked = sorted({*spellings(sides.name), *chosen}, key=len, reverse=True)
    texts = "|".join(map(re.escape, masked))
    return Tracer(patterns, re.compile(rf"{_BEFORE}(?:{texts}){_AFTER}") if texts else None, given)


def _names_more(text: str, patterns: Sequence[re.Pattern[str]]) -> bool:
    """Whether a text names the old side, and says more than its name."""
    if any(pattern.fullmatch(text) for pattern in patterns):
        return False
    return any(pattern.search(text) for pattern in patterns)


def _patterns(sides: Sides) -> Iterator[tuple[str, str]]:
    yield from _of_zones(sides)
    yield from _of_account(sides)
    old, new = sides.stores
    if _bucket(old) and _bucket(old) != _bucket(new):
        yield "bucket", _bucket_pattern(_bucket(old))
    elif old != new:
        yield "state store", rf"{re.escape(old.removeprefix('file://'))}(?![A-Za-z0-9._-])"
    if old.startswith("azureblob://") and (account := _host(old)) != _host(new):
        name = re.escape(account)
        yield (
            "storage account",
            rf"{_BEFORE}{name}(?=\.(?:blob|dfs)\.)|(?<=storageAccounts/){name}{_AFTER}",
        )
    if sides.cloud == "aws" and (sides.leaves_region or sides.leaves_account):
        yield _RESOURCE, _ID


def _of_zones(sides: Sides) -> Iterator[tuple[str, str]]:
    if sides.leaves_region:
        region = sides.regions[0]
        loose = re.escape(region).replace(r"\-", "[-_]?")
        for zone in zones.listed(sides.cloud, region):
            yield "zone", _word(zone)
        yield "region", rf"{_BEFORE}{loose}{zones.zone_suffix(sides.cloud)}{_AFTER}"
        if short := zones.short_form(sides.cloud, region):
            yield "zone", rf"{_BEFORE}{short}(?:[a-z]|-az\d)?{_AFTER}"
        return
    left = {old for old, new in sides.target.zones.items() if old != new}
    for zone in sorted(left - {*sides.target.zones.values()}):
        yield "zone", rf"{_BEFORE}{re.escape(zone)}{_AFTER}"


def _of_account(sides: Sides) -> Iterator[tuple[str, str]]:
    old, new = sides.accounts
    if not sides.leaves_account:
        return
    if not old:
        yield "account", rf"(?<=:)(?!{re.escape(new)}:)\d{{12}}(?=:)"
    elif sides.cloud == "gce":
        yield "project", _word(old)
    else:
        yield "account", rf"{_BEFORE}{re.escape(old)}{_AFTER}"
        if re.fullmatch(r"\d{12}", old):
            yield "account", rf"{_BEFORE}{old[:4]}-{old[4:8]}-{old[8:]}{_AFTER}"
    if sides.cloud == "aws" and (partition := _partition(sides.regions[0])) != _partition(
        sides.regions[1]
    ):
        yield "partition", rf"{_BEFORE}arn:{partition}(?=:)"


def _word(name: str) -> str:
    """Return a pattern of a name: anywhere where it is no word of a language."""
    escaped = re.escape(name)
    if _SPECIFIC.fullmatch(name) or re.search(r"\d", name):
        return rf"(?<![A-Za-z0-9.-]){escaped}(?![A-Za-z0-9-])"
    return (
        rf"\A{escaped}\Z|(?<=-){escaped}\Z|(?<=projects/){escaped}{_AFTER}"
        rf"|(?<=@){escaped}(?=\.iam\b)|(?<=gcr\.io/){escaped}(?=/)|(?<=pkg\.dev/){escaped}(?=/)"
        rf"|\A{escaped}(?=/)"
    )


def _host(store: str) -> str:
    return store.partition("://")[2].partition("/")[0]


def _bucket(store: str) -> str:
    scheme, separator, rest = store.partition("://")
    if not separator or scheme == "file":
        return ""
    parts = rest.split("/")
    return "/".join(parts[:2]) if scheme == "azureblob" else parts[0]


def _bucket_pattern(bucket: str) -> str:
    """Return a pattern of a bucket's name, or of an Azure account with its container."""
    escaped = re.escape(bucket)
    ends = r"(?![A-Za-z0-9_-])(?!\.(?!s3\b|storage\b|blob\b)[A-Za-z0-9])"
    in_url = rf"(?<=://){escaped}{ends}|(?<=:::){escaped}{ends}|{_BEFORE}{escaped}(?=\.s3[.-])"
    by_path = rf"(?<=amazonaws\.com/){escaped}{ends}|(?<=googleapis\.com/){escaped}{ends}"
    whole = rf"\A{escaped}\Z"
    if _SPECIFIC.fullmatch(bucket):
        whole = rf"(?<![A-Za-z0-9._-]){escaped}{ends}"
    return f"{in_url}|{by_path}|{whole}"


def _partition(region: str) -> str:
    starts = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}
    return next((name for start, name in starts.items() if region.startswith(start)), "aws")
