"""gs://: Google Cloud Storage."""
