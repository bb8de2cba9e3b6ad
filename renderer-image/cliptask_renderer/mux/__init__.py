"""How is a video made of whole files that are there already? By arithmetic: its header before them. Pure; imports the contract alone."""
