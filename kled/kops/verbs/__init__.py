"""The verbs of kops as methods of its client, a module for each thing that they are about."""
