"""What does an installation decide? Settings from the environment, and how lines are logged. Imports the rooms whose settings it fills in."""
