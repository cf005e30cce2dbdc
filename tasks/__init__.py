"""What flows are made of: steps as Prefect tasks, their policies, and the composition root."""
