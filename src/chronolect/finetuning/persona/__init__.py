"""`data persona`: conversations in the voice of somebody of a period."""
