"""How does a task become videos? Inputs, plan, what is there, what is missing, index and gallery. Imports sources and speech."""
