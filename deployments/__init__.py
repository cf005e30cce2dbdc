"""How flows get onto a Prefect server: prefect.yaml as values, environments, applying them."""
