"""Installs kops below `KLED_HOME`, verified; what drives kops (`kled.kops`) knows nothing of it."""
