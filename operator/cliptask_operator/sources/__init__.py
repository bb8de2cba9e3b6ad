"""How does every source come into the store once? Over HTTP, from buckets and from disks. Imports concurrency."""
