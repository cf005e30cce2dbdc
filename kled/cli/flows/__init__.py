"""Running flows here or on workers, deploying them, and answering their approvals."""
