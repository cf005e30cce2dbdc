"""A cluster and its definition: create, edit, update, upgrade, reconcile, export, delete."""
