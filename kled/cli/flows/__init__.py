"""Flows run here or on workers, deployed, and their approvals answered."""
