"""What flows are made of; `running` is the adapter between Prefect and the core."""
