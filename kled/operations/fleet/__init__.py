"""All clusters of a state store: listed and read one by one, each with an answer of its own."""
