"""What a feature fires on, found and counted on the probe."""
