"""How does every line become a recording once? By an account at ElevenLabs or by espeak-ng. Imports concurrency."""
