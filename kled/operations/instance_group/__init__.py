"""Instance groups: create, edit, scale, delete, and the machines that they have."""
