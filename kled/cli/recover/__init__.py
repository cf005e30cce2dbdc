"""`kled recover …`: what leads back after a loss, by what one does."""
