"""Making snapshots: choosing, reading, writing, and the first proofs."""
