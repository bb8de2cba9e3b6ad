"""Where does everything lie? A port over objects with names, and its adapters. Imports the contract's names and errors; knows nothing of media."""
