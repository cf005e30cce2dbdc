"""Where a cluster goes, and what a person decided about it."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class OldSideGone:
    """Nobody will run kops for the old cluster again, or its account has none of its resources.

    What clouds keep for a whole account (IAM roles on AWS, networks and service accounts on Google)
    bears the cluster's name alone: an update of the new side takes it over, and a deletion of the
    old side takes it away from the new one.
    """

    statement: str
    """How that is known, in a person's words: it is kept with the result."""


@dataclass(frozen=True, slots=True)
class InstanceProfiles:
    """The new side's machines use instance profiles that kops neither makes nor deletes.

    They are `spec.iam.profile` of each instance group. AWS alone, and in one account only for a
    cluster whose groups have profiles already: an update that gives groups their first ones takes
    the policies from the role that kops had made (`masters.NAME`), which the old side uses, and
    deletes it (`RenderAWS` of awstasks/iamrole.go; seen with kops 1.36.2).
    """

    by_role: Mapping[str, str]
    """Role of instance groups as it is stored (`Master`, `Node`, `Bastion`, `APIServer`) to the
    ARN of a profile; each role has its own (`pkg/model/awsmodel/iam.go` refuses another)."""


IamIsolation = OldSideGone | InstanceProfiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """What a definition may not tell of the old side; empty where it does, or nobody knows."""

    account: str = ""
    """AWS account; a project or subscription stands in the definition."""
    state_store: str = ""
    """URL of the old state store; by default what `configBase` names."""
    issuer: str = ""
    """The issuer of service accounts' tokens, as `cluster-completed.spec` has it
    (`kubeAPIServer.serviceAccountIssuer`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The place that a cluster is rewritten for.

    Each mapping goes from what the definition has to what it shall have. Fields are named as
    `Change.field` and `Undecided.field` name them: `spec.subnets[0].cidr`, and
    `GROUP: spec.image` by the group's old name.
    """

    region: str
    zones: Mapping[str, str]
    """Old zone to new one."""
    state_store: str
    """URL of the new state store, without the cluster's own part."""
    account: str = ""
    """AWS account, Google project or Azure subscription; empty: the old one."""
    cloud: str = ""
    """For who knows it; another than the definition's is refused."""
    former: Former = field(default_factory=Former)
    discovery_store: str = ""
    """URL of the new public place of the keys that verify service accounts' tokens."""
    images: Mapping[str, str] = field(default_factory=dict)
    """By instance group or by old image."""
    machine_types: Mapping[str, str] = field(default_factory=dict)
    """By instance group or by old machine type."""
    names: Mapping[str, str] = field(default_factory=dict)
    """New names of instance groups and subnets, where they shall not follow from the zones."""
    resources: Mapping[str, str] = field(default_factory=dict)
    """Ids, ARNs, URLs and other texts, old to new: keys, certificates, security groups, policies,
    mirrors. Replaced as whole values, and within longer texts where no word goes on."""
    values: Mapping[str, str | None] = field(default_factory=dict)
    """New values of whole fields; None drops the field."""
    kept: Set[str] = frozenset()
    """Fields of one value that stay as they are, whatever they name."""
    iam_isolation: IamIsolation | None = None

    @property
    def given(self) -> frozenset[str]:
        """What a person gave for the new side, so that it is of no other."""
        profiles = self.iam_isolation
        by_role = profiles.by_role if isinstance(profiles, InstanceProfiles) else {}
        mappings = (self.resources, self.images, self.values, by_role)
        texts = [text for mapping in mappings for text in mapping.values()]
        return frozenset(filter(None, (*texts, self.state_store, self.discovery_store)))
