"""Which steps lead back from a case, what is lost, and which backups are taken. Pure."""
