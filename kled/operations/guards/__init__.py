"""What must hold before, while and after an operation acts."""
