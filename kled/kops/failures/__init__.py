"""What kops says when it fails or waits in vain, as tables, and what that is in kled's errors."""
