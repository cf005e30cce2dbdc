"""What `kled doctor` asks Prefect."""
