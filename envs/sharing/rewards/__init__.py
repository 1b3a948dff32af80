"""What operators get for a slot."""
