"""How does one machine make campaigns? The pipeline over a pool of processes. Imports everything below, and none of cli, controller and gateway."""
