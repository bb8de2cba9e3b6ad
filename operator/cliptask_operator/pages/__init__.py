"""What do the pages share that people look at, the gallery and the preview? How they carry their script, and parts of it. Imports nothing of ours."""
