"""Grading of open answers by what they say: `grade` in `grade.py`, its rules one file each."""
