"""What was measured, told in pictures."""
