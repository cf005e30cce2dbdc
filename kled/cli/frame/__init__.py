"""What every command is made of: its options, its session, its names, its end."""
