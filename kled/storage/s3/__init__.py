"""s3:// and what speaks its language, by boto3 and obstore."""
