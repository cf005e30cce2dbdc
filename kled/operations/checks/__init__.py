"""What `kled doctor` tries, one module for each thing that it is about."""
