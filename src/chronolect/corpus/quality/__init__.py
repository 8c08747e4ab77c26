"""What makes a corpus worth training on: no copies, the right language, readable text."""
