"""Where a cluster keeps what `delete cluster` removes: pure, from its definition.

By default all of it is below `<state-store>/<cluster>/` (`configBase`; captures 11 and
cluster-completed.spec). Each of these fields can name another place, and kops deletes there, too
(`pkg/client/simple/vfsclientset/clientset.go`, `DeleteCluster`).
"""

from collections.abc import Iterator, Mapping

from kled.models.definition import Definition

_FIELDS = ("configBase", "configStore", "keyStore", "secretStore")


def named(definition: Definition) -> Iterator[tuple[str, str]]:
    """Yield the places that the definition names: the field, and its URL without a `/` at the end.

    A definition may name none: kops fills them in.
    """
    spec = definition.cluster.get("spec")
    if not isinstance(spec, Mapping):
        return
    for field in _FIELDS:
        if isinstance(spec.get(field), str) and spec[field]:
            yield f"spec.{field}", spec[field].rstrip("/")
    etcds = spec.get("etcdClusters")
    for etcd in etcds if isinstance(etcds, list) else ():
        backups = etcd.get("backups") if isinstance(etcd, Mapping) else None
        store = backups.get("backupStore") if isinstance(backups, Mapping) else None
        if isinstance(store, str) and store:
            yield f"spec.etcdClusters[{etcd.get('name')}].backups.backupStore", store.rstrip("/")
