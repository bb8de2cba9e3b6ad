"""How do lines become recordings, each once? By an account at ElevenLabs or by espeak-ng. Imports concurrency."""
