"""What a change would do and whom it would touch, before anybody says yes. Only reads."""
