"""What can a person type? Commands that call one function elsewhere and show what came of it. May import every other room; nothing imports it."""
