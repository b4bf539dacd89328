"""Downloads of external datasets."""
