"""What may a ClipTask say, and what does its status answer? The resource as models, its text, its problems, its pages. Imports pydantic and PyYAML alone."""
