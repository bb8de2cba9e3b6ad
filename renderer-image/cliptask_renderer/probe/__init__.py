"""What is a source, really? The judge of every file, once, when it is fetched; imports media's formats alone."""
