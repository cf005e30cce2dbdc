"""What people see: streams, tables, plans, live steps, an editor."""
