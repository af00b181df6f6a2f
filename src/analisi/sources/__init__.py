"""Files as they come, read as text: nothing is inferred here."""
