"""What YAML 1.1 and 1.2 take a plain scalar for, by the regular expressions of their own texts.

YAML 1.1: the type repository at yaml.org/type (bool, float, int, merge, null, timestamp, value).
YAML 1.2: the core schema (chapter 10.3.2). Nothing here comes from the code under test.
"""

import re

_YES = "y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF"
_TIME = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}"
    r"(\.[0-9]*)?([ \t]*(Z|[-+][0-9]{1,2}(:[0-9]{2})?))?"
)
_RULES = {
    "1.1 bool": _YES,
    "1.1 null": r"~|null|Null|NULL|",
    "1.1 merge": "<<",
    "1.1 value": "=",
    "1.1 int, binary": r"[-+]?0b[0-1_]+",
    "1.1 int, octal": r"[-+]?0[0-7_]+",
    "1.1 int, decimal": r"[-+]?(0|[1-9][0-9_]*)",
    "1.1 int, hexadecimal": r"[-+]?0x[0-9a-fA-F_]+",
    "1.1 int, sexagesimal": r"[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+",
    "1.1 float": r"[-+]?([0-9][0-9_]*)?\.[0-9.]*([eE][-+][0-9]+)?",
    "1.1 float, sexagesimal": r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*",
    "1.1 float, special": r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
    "1.1 timestamp": _TIME,
    "1.2 int": r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
    "1.2 float": r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?",
    "go-yaml": r"[-+]?0[bBoOxX][0-9a-fA-F_]+|[-+]?[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9_]+)?",
}
_COMPILED = {name: re.compile(rule) for name, rule in _RULES.items()}

AMBIGUOUS = (
    *_YES.split("|"),
    *("yEs", "oN", "nULL", "tRUE", "None", "nil", "NaN", "Inf"),
    *("", "~", "null", "Null", "NULL", "<<", "=", "-", "--", "---", "...", "?", ":", "!", "&", "*"),
    *("0", "1", "-1", "+1", "00", "01", "0755", "-0755", "0o17", "0O17", "0b101", "0B1", "0x1F"),
    *("0xDEADBEEF", "0X1f", "1_000", "_1", "1_", "089012345678", "099720109477", "123456789012"),
    *("18446744073709551615", "18446744073709551616", "-9223372036854775809", "9" * 40),
    *("1.", ".5", "-.5", "+.5", "1.5", "1e3", "1E3", "1e+3", "1.5e-7", "1e999", "1.e3", "6.02E23"),
    *(".inf", "-.inf", "+.INF", ".Inf", ".nan", ".NaN", ".", "..", "1.2.3", "1.36.2", "1_0.5_0"),
    *("12:30", "12:30:45", "-12:30:45", "190:20:30", "190:20:30.15", "1:2", "60:60"),
    *("2001-01-01", "2001-1-1", "2018-06-11T21:11:53Z", "2001-12-14t21:59:43.10-05:00"),
    *("2001-12-14 21:59:43.10 -5", "2001-12-15 2:59:43.10", "20010101"),
    *(
        "a: b",
        "a:",
        ": a",
        "a #b",
        "#a",
        " a",
        "a ",
        "\ta",
        "a\t",
        "- a",
        "? a",
        "[a]",
        "{a}",
        "a,b",
    ),
    *("a, b", "'a'", '"a"', "`a`", "@a", "%a", "|", ">", "|-", "!!str a", "&a b", "*a", "<<: a"),
    *("\n", "a\n", "a\nb", "a\n\n", "\na", " a\nb", "a\n b\n", "a\n \nb", "a \nb", "a\tb", "\t\n"),
    *("a\rb", "a\r\nb", "\x85", "a\x85b", "a\u2028b", "a\u2029b", "\ufeffa", "a\ufeff", "\xa0a"),
    *("\x00", "\x01", "\x07", "\x1b[31m", "\x7f", "\x80", "\ufffe", "\U0001f600", "é", "日本"),
    *(
        "a" * 2000,
        "a b " * 500,
        "1" * 2000,
        ("word " * 40 + "\n") * 3,
        "---\na",
        "a\n---\nb",
        "...\n",
    ),
    *(
        "%YAML 1.1",
        "--- a",
        "a: |",
        "kops/v1alpha2",
        "10.0.0.0/8",
        "::1",
        "fd00::/8",
        "100m",
        "1Gi",
    ),
)
"""Texts that some reader of YAML takes for something else where they stand unquoted."""


def meanings(text: str) -> list[str]:
    """Name the rules by which an unquoted `text` is no text."""
    return [name for name, rule in _COMPILED.items() if rule.fullmatch(text)]
