"""The TIME curriculum: four phases of training on dialogues with time in them, each from the merged model of the one before."""
