"""The questions of `kled doctor` to Prefect."""
