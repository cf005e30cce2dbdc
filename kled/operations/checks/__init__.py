"""The checks of `kled doctor`, in one module for each thing that they are about."""
