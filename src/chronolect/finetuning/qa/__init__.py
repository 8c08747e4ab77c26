"""`data qa`: questions on both sides of a cutoff, from the chronicle, from documents, or through a teacher."""
