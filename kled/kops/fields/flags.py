"""`--set` and `--unset` by the names of `-o yaml`, as the flags that kops takes for them. Pure.

kops sets fields of its internal objects, whose names differ (`kled.kops.fields.internal_names`),
cannot name an entry of a map (captures T-set-spec_nodeLabels_team_core), adds to a list, and unsets
before it sets (cmd/kops/edit_instancegroup.go, util/pkg/reflectutils/access.go).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kled.errors import InvalidInput
from kled.kops.fields import internal_names
from kled.kops.fields.known_fields import (
    Field,
    Kind,
    NoElement,
    NoSuchField,
    Path,
    field_of,
    fields_of,
    spelled,
)
from kled.kops.fields.numbers import require_number
from kled.models.version import kubernetes_version
from kled.visible import visible

Document = Mapping[str, Any]
_CLOUDS: Final = {"digitalocean": "do"}
"""kops' internal name of a cloud, where it is not the stored one."""
_BY_ROLE: Final = ("additionalPolicies", "externalPolicies")
"""Maps of a cluster by role; inside of kops `master` is `control-plane`."""
_TRUE: Final = frozenset(("1", "t", "T", "true", "TRUE", "True"))
_FALSE: Final = frozenset(("0", "f", "F", "false", "FALSE", "False"))
_WORDS: Final = {"Cluster": "a cluster", "InstanceGroup": "an instance group"}
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_IN_A_FILE: Final[Mapping[Kind, str]] = {
    "Cluster": "no option takes such a value: write it in the definition, with kops edit cluster",
    "InstanceGroup": "such a value goes in a file: the same command with --file=FILE",
}
_DNS_OFF: Final = ("spec", "externalDns", "disable")
_GROUPS_CLAIM: Final = ("spec", "kubeAPIServer", "oidcGroupsClaim")
_REQUIRED_CLAIM: Final = ("spec", "kubeAPIServer", "oidcRequiredClaim")
_VERSION: Final = ("spec", "kubernetesVersion")
_OPTIONS: Final = {"spec.minSize": "--min", "spec.maxSize": "--max"}
"""What of an instance group has an option of its own, wherever `--set` is one."""
_CLOUD: Final = ("spec", "cloudProvider")
_ASSIGNED_TO_LIST: Final = "EnvVar"
"""The one type of objects that kops makes of a text, `NAME=VALUE`."""


@dataclass(slots=True)
class Flags:
    """The values of kops' flags, in their order; kops unsets first."""

    sets: list[str] = field(default_factory=list)
    unsets: list[str] = field(default_factory=list)


def flags_for(
    kind: Kind,
    sets: Sequence[str],
    unsets: Sequence[str],
    stored: Document | None = None,
    *,
    cloud: str | None = None,
    knows_more: Callable[[], bool] = lambda: False,
) -> Flags:
    """Return what to give to kops for `PATH=VALUE` and `PATH` by their stored names.

    `stored` is the object as kops prints it; without one (it is yet to be created, on `cloud`) no
    entry of a map can be unset. What is not there to be unset is left out. Raises `InvalidInput`
    for a name that does not exist, with the nearest ones, and for kops' internal name of a field,
    with its stored one. Where `knows_more` says so, kops is newer than these names and judges
    unknown ones.
    """
    require_text(kind, sets, unsets)
    maker = _Maker(kind, stored, cloud or _at(stored, _CLOUD), knows_more)
    for text in unsets:
        maker.unset(text)
    maker.keep_entries()
    for text in sets:
        maker.set(text)
    return maker.flags


class _Maker:
    """Collects the flags of one call."""

    def __init__(
        self,
        kind: Kind,
        stored: Document | None,
        cloud: str | None,
        knows_more: Callable[[], bool],
    ) -> None:
        self.flags = Flags()
        self._kind: Kind = kind
        self._stored = stored
        self._cloud = cloud
        self._knows_more = knows_more
        self._going: dict[Path, list[str]] = {}
        """The keys that are taken out of a map."""

    def set(self, text: str) -> None:
        name, equals, value = text.partition("=")
        if not equals:
            raise InvalidInput("--set", f"{text!r} is not PATH=VALUE", hint="as in spec.maxSize=4")
        target = self._field("--set", name)
        if target is None:
            self.flags.sets.append(text)
        elif not self._set_apart(target, value):
            inner = self._internal("--set", target)
            self.flags.sets.append(f"{inner}={self._value(target, value)}")

    def unset(self, text: str) -> None:
        target = self._field("--unset", text)
        if target is None:
            self.flags.unsets.append(text)
        elif target.path == _CLOUD:
            raise _chosen_once("--unset")
        elif target.path and (target.path[-1].isdigit() or target.path[-1] == "*"):
            raise InvalidInput(
                "--unset",
                f"{target.name} is an element of a list, which kops empties and does not take out",
                hint="edit the definition instead, or unset the whole list and set it anew",
            )
        elif target.key is not None:
            self._unset_entry(target)
        else:
            self._unset_all(target)

    def keep_entries(self) -> None:
        """Set the entries of a map anew that stay when others of it are unset."""
        for path, keys in self._going.items():
            inner = spelled(internal_names.internal(self._kind, path)[0])
            self.flags.unsets.append(inner)
            for key, value in _mapping(_at(self._stored, path)).items():
                if key not in keys:
                    entry = f"{self._key(path, str(key))}={_spell(value)}"
                    self.flags.sets.append(f"{inner}={entry}")

    def _field(self, option: str, name: str) -> Field | None:
        """Return the field of that name; None where kops is to judge it."""
        try:
            return field_of(self._kind, name)
        except NoElement as error:
            raise InvalidInput(option, str(error), hint=self._elements(error)) from error
        except NoSuchField as error:
            other = self._stored_name(name)
            if other is not None:
                raise InvalidInput(
                    option,
                    f"{name.strip()} is what kops calls it inside",
                    hint=f"its name is {other}, as the definition has it; nothing was changed",
                ) from error
            if self._knows_more():
                return None
            hint = f"did you mean {_offered(error.nearest[0])}? " if error.nearest else ""
            raise InvalidInput(
                option,
                f"{error} of {_WORDS[self._kind]}",
                hint=f"{hint}names are those of the definition,"
                " which kled kops get-clusters --name=CLUSTER --output=yaml shows;"
                " nothing was changed",
            ) from error

    def _elements(self, error: NoElement) -> str:
        """Return what to write for an element of a list, with the numbers that there are."""
        name, stored = spelled(error.path), _at(self._stored, error.path)
        elements = stored if isinstance(stored, list) else ()
        names = [str(_mapping(element).get("name", "")) for element in elements]
        if error.element in filter(None, names):
            at, rest = names.index(error.element), error.rest
        elif self._is_field(f"{name}[0]{_dotted(error.text)}"):
            at, rest = 0, _dotted(error.text)
        else:
            at, rest = 0, error.rest if self._is_field(f"{name}[0]{error.rest}") else ""
        told = ", ".join(f"[{n}] is {element}" for n, element in enumerate(names) if element)
        return (
            f"write {name}[{at}]{rest}, or {name}[*]{rest} for all of them"
            f"{f'; {told}' if told else ''}; nothing was changed"
        )

    def _is_field(self, name: str) -> bool:
        try:
            field_of(self._kind, name)
        except NoSuchField:
            return False
        return True

    def _stored_name(self, name: str) -> str | None:
        """Return the stored name of an internal one; None where it is none."""
        path = tuple(_parts(name))
        other = internal_names.stored(self._kind, path)
        try:
            return field_of(self._kind, spelled(other)).name if other else None
        except NoSuchField:
            return None

    def _internal(self, option: str, target: Field) -> str:
        """Return kops' own path of a field that it can set, for the cluster's cloud."""
        if target.dropped:
            raise InvalidInput(
                option, f"kops reads {target.name} and stores nothing of it: it has no effect"
            )
        if not target.settable:
            raise InvalidInput(
                option,
                f"kops cannot set {target.name} by an option",
                hint="edit the definition itself: it takes it there",
            )
        inner = internal_names.internal(self._kind, target.path)[0]
        if inner[: len(_CLOUD)] == _CLOUD:
            self._require_cloud(option, target, _stored_cloud(inner[2]))
        return spelled(inner)

    def _require_cloud(self, option: str, target: Field, cloud: str) -> None:
        """Refuse a field of another cloud: kops would take it for a change of the cloud."""
        if self._cloud not in (None, cloud):
            raise InvalidInput(
                option,
                f"{target.name} is a field of clusters on {cloud}; this one is on {self._cloud}",
            )

    def _set_apart(self, target: Field, value: str) -> bool:
        """Set what is no single field inside of kops; say whether it was such a one."""
        if target.path == _CLOUD:
            if value != self._cloud:
                raise _chosen_once("--set")
        elif target.path == _DNS_OFF:
            if value not in _TRUE:
                raise InvalidInput("--set", f"{target.name} is set to true, or unset")
            self.flags.sets.append("spec.externalDNS.provider=none")
        elif target.path == _GROUPS_CLAIM:
            inner = self._internal("--set", target)
            if _at(self._stored, target.path) is not None:
                self.flags.unsets.append(inner)
            self.flags.sets.append(f"{inner}={value}")
        elif target.path == _REQUIRED_CLAIM:
            inner = self._internal("--set", target)
            self.flags.sets += [f"{inner}={claim}" for claim in value.split(",")]
        else:
            return False
        return True

    def _value(self, target: Field, value: str) -> str:
        inside = fields_of(target.kind.removeprefix("[]"))
        if value and inside and target.kind != f"[]{_ASSIGNED_TO_LIST}":
            some = ", ".join(f"{target.name}.{name}" for name in list(inside)[:3])
            raise InvalidInput("--set", f"{target.name} holds fields: set one of them, as {some}")
        require_number(target, value)
        if target.path == _VERSION and kubernetes_version(value) is not None:
            return value.removeprefix("v")  # kops stores it, and looks for images of "vv1.36.0"
        if target.key is not None:
            return f"{self._key(target.path, target.key)}={value}"
        if target.kind.startswith("{}"):
            key, equals, rest = value.partition("=")
            return f"{self._key(target.path, key)}{equals}{rest}"
        if target.path[-1] in ("role", "roles") and target.path[1:2] in (("role",), ("hooks",)):
            return ",".join({"Master": "ControlPlane"}.get(role, role) for role in value.split(","))
        if internal_names.internal(self._kind, target.path)[1]:
            return "false" if value in _TRUE else "true" if value in _FALSE else value
        return value

    def _key(self, path: Path, key: str) -> str:
        return "control-plane" if path[-1] in _BY_ROLE and key == "master" else key

    def _unset_entry(self, target: Field) -> None:
        self._internal("--unset", target)
        if self._stored is None:
            raise InvalidInput(
                "--unset", f"{target.name}: leave it out with the whole of {spelled(target.path)}"
            )
        if target.key in _mapping(_at(self._stored, target.path)):
            self._going.setdefault(target.path, []).append(str(target.key))

    def _unset_all(self, target: Field) -> None:
        if self._stored is not None and _at(self._stored, target.path) is None:
            return
        if target.path == _DNS_OFF:
            self.flags.unsets.append("spec.externalDNS.provider")
        elif internal_names.is_same_below(self._kind, target.path):
            self.flags.unsets.append(self._internal("--unset", target))
        elif self._stored is None:
            raise InvalidInput("--unset", f"name the fields of {target.name} one by one")
        else:
            for name in _mapping(_at(self._stored, target.path)):
                self._unset_all(field_of(self._kind, f"{target.name}.{name}"))


def require_text(kind: Kind, sets: Sequence[str], unsets: Sequence[str] = ()) -> None:
    """Check that `--set` and `--unset` reach kops as they are: a flag is one line of text.

    Raises `InvalidInput`, which names the field, for a control character (C0, DEL, C1) and for what
    is no UTF-8. Asks nobody, so that it can stand before the first call.
    """
    given = [*(("--set", text) for text in sets), *(("--unset", text) for text in unsets)]
    for option, text in given:
        name = visible(text.partition("=")[0])
        if odd := _CONTROL.search(text):
            problem = f"{name}: it holds the control character {visible(odd[0])}"
            raise InvalidInput(option, problem, hint=f"{_IN_A_FILE[kind]}; nothing was changed")
        if any("\ud800" <= sign <= "\udfff" for sign in text):
            raise InvalidInput(option, f"{name}: the value is not text: write it as UTF-8")


def _offered(name: str) -> str:
    return f"{name} ({_OPTIONS[name]})" if name in _OPTIONS else name


def _dotted(rest: str) -> str:
    return rest if rest.startswith((".", "/", "[")) else f".{rest}"


def _parts(name: str) -> Iterator[str]:
    for part in name.strip().replace("/", ".").replace("[", ".").replace("]", "").split("."):
        if part and part not in ("cluster", "instancegroup"):
            yield part.strip()


def _at(document: Document | None, path: Path) -> Any:  # noqa: ANN401 - any YAML value
    """Return what is stored at a path, with `*` of the first element that has it."""
    value: Any = document
    for at, part in enumerate(path):
        if isinstance(value, list):
            rest = path[at + 1 :]
            some = value if part == "*" else value[int(part) : int(part) + 1]
            inner = (_at({"": element}, ("", *rest)) for element in some)
            return next((element for element in inner if element is not None), None)
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _spell(value: object) -> str:
    """Return an entry's value as kops reads it in a flag."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _stored_cloud(inner: str) -> str:
    return {name: stored for stored, name in _CLOUDS.items()}.get(inner, inner)


def _chosen_once(option: str) -> InvalidInput:
    return InvalidInput(
        option,
        "spec.cloudProvider stays what it is",
        hint="it is chosen when a cluster is created: kled kops create-cluster --cloud=CLOUD",
    )
