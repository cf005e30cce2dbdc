"""azureblob://: Azure Blob Storage."""
