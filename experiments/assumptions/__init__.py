"""What assumptions are worth: experiments that vary one at a time, and how far claims move."""
