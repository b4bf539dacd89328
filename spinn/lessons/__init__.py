"""Small programs that show one thing each, from start to end."""
