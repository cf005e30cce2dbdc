"""What a change would do and whom it would touch, before anybody agrees to it. Only reads."""
