r"""What secrets look like: one table, applied in its order. Pure.

Each row takes time in proportion to the text: what it repeats consumes what it has looked at, or is
bounded, or begins only where a run of its characters begins.

Left readable, on purpose: digests, ids, names and ARNs, certificates and public keys, which are
long, too, but no secrets. A bare secret of AWS or Azure looks no different: it is known by its key,
or by the variable that holds it. Prose after `password:` loses a word.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from kled.redact.secret_names import HINTS, KEYS, OPTIONS, within_base64

MASK: Final = "[redacted]"


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape of a secret. Of what `pattern` matches, the groups `kept` and `end` stay."""

    name: str
    hints: tuple[str, ...]
    """Lower-case texts, one of which a text has where it has the shape: looked for first."""
    pattern: str
    """A regular expression, compiled where it is needed first: most never are."""

    def masked(self, text: str, lowered: str) -> str:
        """Return `text`, which is `lowered` in lower case, with each such secret masked."""
        if not any(hint in lowered for hint in self.hints):
            return text
        return _compiled(self.pattern).sub(_mask, text)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.MULTILINE)


def _mask(match: re.Match[str]) -> str:
    groups = match.groupdict()
    return f"{groups.get('kept') or ''}{MASK}"


def _shape(name: str, hints: str | tuple[str, ...], pattern: str) -> Shape:
    named = tuple(hints.split()) if isinstance(hints, str) else hints
    return Shape(name, named, pattern)


PEM_BEGIN: Final = r"-----BEGIN (?-i:[A-Z0-9 ]{0,40})PRIVATE KEY(?: BLOCK)?-----"
PEM_END: Final = r"-----END (?-i:[A-Z0-9 ]{0,40})PRIVATE KEY(?: BLOCK)?-----"
_BODY: Final = r"(?:[^-]++|-(?!----(?:BEGIN|END)))*+"
_CUT_BODY: Final = r"(?:[\s\\rn|>]*[A-Za-z0-9+/=]{16,}|[\s\\rn|>]*[A-Za-z-]{3,20}: [^\n]{0,80})*+"
_CLOSED: Final = r"(?:\\{0,7}[\"'])?[ \t]{0,8}"
_SEPARATOR: Final = rf"{_CLOSED}(?:=>|:=|=|%3D|%3A|:(?!:)(?=\S|[ \t]+(?:b?\\*[\"'])))[ \t]{{0,8}}"
_NOTHING: Final = (
    r"(?!(?:null|none|nil|true|false|undefined|<none>|<nil>|\(none\)|~)(?=[\s,;)}\]]|\Z)"
    r"|\[redacted\](?:[&;]|[ ]->[ ])|[|>][+-]?\d?[ \t]*$)"
)
_OF_A_CHANGE: Final = rf"(?P<kept>{KEYS}{_CLOSED}:[ \t]{{1,8}}"
"""Begins the group `kept` of a key whose value becomes another: `token: old -> new`."""
_UNSAID: Final = r"(?!(?:\(none\)|null|\"\")(?:[\s;]|\Z)|\[redacted\](?:[;\s]|\Z))"
_QUOTE: Final = r"b?(?P<quote>\\{0,7}[\"'])"
_QUOTED: Final = (
    r"(?!(?P=quote))(?:(?:(?!(?P=quote))(?:[^\\]|\\[\s\S])|''){1,8192}+(?=(?P=quote))|[^\r\n]*)"
)
_BARE: Final = r"[^\s\"'\\][^\s\"'\\]*?(?=[,;)}]{0,3}(?:[\s\"'\\]|\Z))"
_VALUE: Final = rf"(?:{_QUOTE})?)(?(quote){_QUOTED}|{_BARE})"
"""Closes the group `kept`, which it lets have the opening quote."""
BLOCK_BEGIN: Final = (
    rf"(?P<indent>[ \t]*)(?![ \t])[^\n:]{{0,80}}?{KEYS}[\"']?[ \t]*:[ \t]*[|>][+-]?\d?[ \t]*"
)
"""The first line of a YAML block whose key says secret."""
QUOTE_BEGIN: Final = rf"{KEYS}{_SEPARATOR}\"(?:[^\"\\]|\\.)*$"
"""The same of a text in quotes that goes on in the next line."""
_HEADER: Final = rf"authorization{_CLOSED}[:=,][ \t]*b?(?:\\{{0,7}}[\"'])?"
_SCHEMES: Final = (
    r"(?:Bearer|Basic|Token|Negotiate|Digest|ApiKey|SharedKey(?:Lite)?|AWS4-HMAC-SHA256)[ \t]+"
)
_LIKELY: Final = r"(?=(?-i:[^\s\"',]{1,512}[0-9A-Z+=]))"
"""Of a word in prose: it has a digit or so after its first letter."""
_A_CREDENTIAL: Final = rf"{_LIKELY}[A-Za-z0-9._~+/=-]{{12,}}"
_A_RUN: Final = r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]*"
_LEFT: Final = r"(?:(?<![A-Za-z0-9_-])|(?<=%[0-9A-Fa-f]{2}))"
_IN_BASE64: Final = within_base64(
    (
        "PRIVATE KEY",
        "AGE-SECRET-KEY-",
        '"auths"',
        "client-key-data",
        "password",
        "secret_access_key",
    )
)

SHAPES: Final[tuple[Shape, ...]] = (
    # whole blocks
    _shape("private key", "private", rf"{PEM_BEGIN}(?:{_BODY}{PEM_END}|{_CUT_BODY})"),
    _shape(
        "secret in base64",
        tuple(map(str.lower, _IN_BASE64)),
        rf"(?-i:{_A_RUN}(?:{'|'.join(map(re.escape, _IN_BASE64))})[A-Za-z0-9+/=_-]*)",
    ),
    _shape("age identity", "age-", r"\bAGE-(?:SECRET-KEY|PLUGIN)-[0-9A-Z-]{2,}"),
    # headers and URLs
    _shape(
        "header of credentials",
        "authorization",
        rf"(?P<kept>{_HEADER}{_SCHEMES})[^\r\n\"'\\]+",
    ),
    _shape(
        "bare header of credentials",
        "authorization",
        rf"(?P<kept>{_HEADER})(?!{_SCHEMES})[^\s\"'\\,]{{16,}}",
    ),
    _shape("credentials", "bearer basic", rf"(?P<kept>\b(?:bearer|basic)[ \t]+){_A_CREDENTIAL}"),
    _shape("cookie", "cookie", r"(?P<kept>cookie[\"']?[ \t]*:[ \t]*[\"']?)[^\r\n\"']{4,}"),
    _shape(
        "password in a URL",
        "://",
        r"(?P<kept>://[^/\s:@\"'<>\\]{0,256}:)[^/\s\"'<>\\]+(?=@)",
    ),
    _shape(
        "password in an encoded URL",
        "%3a%2f%2f",
        r"(?P<kept>%3A%2F%2F[^%\s\"']{0,256}%3A)(?:(?!%40|%2F)[^\s\"'])+(?=%40)",
    ),
    _shape(
        "token in a URL",
        "://",
        r"(?P<kept>://)(?=[^/\s@]{0,256}\d)[A-Za-z0-9_~.%+-]{20,256}(?=@)",
    ),
    _shape(
        "signed URL",
        "sig signature x-amz x-goog accesskeyid",
        r"(?P<kept>(?:[?&;]|%3F|%26)(?:X-(?:Amz|Goog)-(?:Signature|Security-Token|Credential)"
        r"|(?:AWS|Google)?AccessKeyId|Signature|sig)(?:=|%3D))(?:(?!%26)[^&\s\"'#;\\])+",
    ),
    _shape("shared access signature", "sig", r"(?P<kept>(?<![\w-])sig=)[A-Za-z0-9%+/]{20,}=*"),
    _shape(
        "webhook",
        "hooks webhook",
        r"(?P<kept>(?:hooks\.slack\.com|discord(?:app)?\.com/api/webhooks|webhook\.office\.com)/)"
        r"[A-Za-z0-9/_+@-]{8,}",
    ),
    _shape(
        "parameter of a URL",
        HINTS,
        rf"(?P<kept>[?&][\w.-]{{0,40}}?{KEYS}=)(?!\[redacted\])[^&\s\"'#\\]+",
    ),
    _shape(
        "connection string",
        "key= signature= pwd= password=",
        r"(?P<kept>(?:AccountKey|SharedAccessKey|SharedAccessSignature|;[ ]?Pwd|;[ ]?Password)=)"
        r"(?!\[redacted\])[^;\s\"']+",
    ),
    # tokens that say what they are
    _shape(
        "AWS key",
        "akia asia abia acca",
        rf"{_LEFT}(?-i:A(?:KI|SI|BI|CC)A[A-Z0-9]{{16}})(?![A-Z0-9])",
    ),
    _shape("GitHub token", "gh", r"(?:gh[pousr]_[A-Za-z0-9_.-]{16,}|github_pat_[A-Za-z0-9_]{16,})"),
    _shape("GitLab token", "gl", r"\bgl[a-z]{2,6}-[A-Za-z0-9_.=-]{16,}"),
    _shape("Slack token", "xox xapp-", r"(?:xox[a-z](?:\.xox[a-z])?|xapp)-[A-Za-z0-9-]{8,}"),
    _shape(
        "JSON web token", "eyj", rf"(?-i:{_LEFT}eyJ[A-Za-z0-9_-]{{8,}}(?:\.[A-Za-z0-9_-]*){{1,4}})"
    ),
    _shape("Prefect key", "pn", r"\bpn[a-z]_[A-Za-z0-9]{16,}"),
    _shape("Vault token", "hv", r"\bhv[sbr]\.[A-Za-z0-9_-]{16,}"),
    _shape("npm token", "npm_", r"\bnpm_[A-Za-z0-9]{16,}"),
    _shape("Google key", "aiza ya29. gocspx-", r"(?:\bAIza|\bya29\.|GOCSPX-)[A-Za-z0-9_-]{16,}"),
    _shape("DigitalOcean token", "_v1_", r"\bdo[opr]_v1_[a-f0-9]{16,}"),
    _shape("Docker token", "dckr_", r"\bdckr_[a-z]{3}_[A-Za-z0-9_-]{8,}"),
    _shape("PyPI token", "pypi-", r"\bpypi-[A-Za-z0-9_-]{32,}"),
    _shape("Grafana token", "gl", r"\bgl(?:sa|c)_[A-Za-z0-9_+/=]{16,}"),
    _shape(
        "password's hash",
        "$ {s",
        r"(?:\$(?:2[abxy]?|apr1|[156y])\$[./A-Za-z0-9=,$]{20,}|\$argon2(?:id?|d)\$[^\s\"']{20,}"
        r"|\{S?SHA\d{0,3}\}[A-Za-z0-9+/=]{20,})",
    ),
    # what a key says
    _shape(
        "earlier value",
        "->",
        rf"{_OF_A_CHANGE}){_UNSAID}[^\n;]{{1,512}}?(?=[ ]->[ ])",
    ),
    _shape(
        "later value",
        "->",
        rf"{_OF_A_CHANGE}[^\n;]{{1,512}}?[ ]->[ ]){_UNSAID}"
        r"(?:(?!;[ ]\S{1,256}:[ ])[^\n]){1,8192}+",
    ),
    _shape(
        "value in the lines below",
        HINTS,
        rf"^(?P<kept>{BLOCK_BEGIN}\n(?P=indent)[ \t]+)"
        r"(?!\[redacted\]$)\S[^\n]*(?:\n(?P=indent)[ \t]+[^\n]*|\n[ \t]*(?=\n))*",
    ),
    _shape(
        "value to the end of its line",
        HINTS,
        rf"^(?P<kept>[ \t]*(?:-[ \t]+)?[\w./$~-]{{0,80}}?{KEYS}:[ \t]+)"
        rf"{_NOTHING}(?!b?\\*[\"'])\S[^\r\n]*",
    ),
    _shape("value", HINTS, rf"(?P<kept>{KEYS}{_SEPARATOR}{_NOTHING}{_VALUE}"),
    _shape(
        "value among others",
        HINTS,
        rf"(?P<kept>[\"'{{,(\[\]>|:][ \t]{{0,2}}[\w.$-]{{0,80}}?{KEYS}{_CLOSED}:[ \t]+)"
        rf"{_NOTHING}{_BARE}",
    ),
    _shape(
        "value in prose",
        HINTS,
        rf"(?P<kept>{KEYS}:[ \t]+)(?!\S{{0,512}}:(?:\s|\Z)){_LIKELY}{_BARE}",
    ),
    _shape(
        "option",
        HINTS,
        rf"(?P<kept>(?<![\w-])--[a-z-]{{0,40}}?{OPTIONS}"
        rf"(?:[ \t]+(?!\S{{1,80}}[ ]{{2}})|[\"'],[ \t]*(?=[\"']))(?!-)"
        rf"{_VALUE}",
    ),
    _shape("value of an XML element", HINTS, rf"(?P<kept><[\w:]{{0,40}}?{KEYS}>)[^<]+"),
    _shape(
        "registry's password",
        "auth",
        r"(?P<kept>(?<![A-Za-z])_?auth\\{0,7}[\"']?[ \t]*[:=][ \t]*\\{0,7}[\"']?)"
        rf"{_LIKELY}[A-Za-z0-9+/_-]{{12,}}={{0,2}}",
    ),
    _shape("secret of kops", '{"data"', r"(?P<kept>\{\"Data\":[ ]?\")[A-Za-z0-9+/=]{4,}(?=\")"),
)
