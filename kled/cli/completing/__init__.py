"""Shell completion: what Tab offers, and how each shell asks for it."""
