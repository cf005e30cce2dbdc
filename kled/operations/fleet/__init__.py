"""Every cluster of a state store: listed, read one by one, and each answer kept apart."""
