"""Replacing words of a text: a zone in a name, and never a part of another word."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kled.kops.facts import zones
from kled.recovery.rewrite.sides import Sides


@dataclass(frozen=True, slots=True)
class Wording:
    """Texts and what stands for them, longest first; one pass, so that two may change places."""

    replaced: Mapping[str, str]
    name: str = ""
    """The cluster's name, which stays whatever is in it."""

    def of(self, text: str) -> str:
        """Return a text with each word replaced."""
        pattern = _pattern(self.replaced)
        if pattern is None:
            return text
        return but_for(
            self.name, text, lambda part: pattern.sub(lambda m: self.replaced[m[0]], part)
        )


def of_zones(sides: Sides) -> Wording:
    """Return the words of a move: zones, the region, and AWS' short form of both (use1a)."""
    old, new = sides.regions
    replaced = dict(sides.target.zones) | {old: new}
    short = [zones.short_form(sides.cloud, region) for region in sides.regions]
    if all(short):
        letters = {
            f"{short[0]}{a[-1]}": f"{short[1]}{b[-1]}" for a, b in sides.target.zones.items()
        }
        replaced |= letters | {short[0]: short[1]}
    return Wording({a: b for a, b in replaced.items() if a and a != b}, sides.name)


def but_for(name: str, text: str, change: Callable[[str], str]) -> str:
    """Return a text with what is not the cluster's name changed, in either spelling of the name."""
    names = [re.escape(spelling) for spelling in spellings(name)]
    if not names:
        return change(text)
    parts = re.split(rf"(?<![A-Za-z0-9])({'|'.join(names)})(?![A-Za-z0-9])", text)
    return "".join(part if at % 2 else change(part) for at, part in enumerate(parts))


def spellings(name: str) -> tuple[str, ...]:
    """Return a cluster's name as definitions and clouds write it."""
    return tuple(dict.fromkeys(filter(None, (name, name.replace(".", "-")))))


def _pattern(replaced: Mapping[str, str]) -> re.Pattern[str] | None:
    if not replaced:
        return None
    listed = "|".join(re.escape(word) for word in sorted(replaced, key=len, reverse=True))
    return re.compile(rf"(?<![A-Za-z0-9])(?:{listed})(?![A-Za-z0-9]|-az\d)")
