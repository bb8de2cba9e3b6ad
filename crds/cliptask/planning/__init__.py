"""What does a task want made? Which combinations, of which frames, as which work orders. Imports the spec; a function of its arguments alone."""
