"""file://: a directory of this machine, or one that several machines mount."""
