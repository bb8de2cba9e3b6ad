"""How are pictures and sound read, made, joined and proven? Files in, files out. Imports the contract; knows nothing of stores."""
