"""How do sources come into the store, each once? Over HTTP, from buckets and from disks. Imports concurrency."""
