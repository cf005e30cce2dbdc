"""Programs and flows of a team that use kled and chain its tasks; tests run them in a sandbox."""
