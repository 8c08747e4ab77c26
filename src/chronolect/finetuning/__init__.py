"""Fine-tuning data: questions a model should answer, questions it should not know of, and voices to answer in."""
