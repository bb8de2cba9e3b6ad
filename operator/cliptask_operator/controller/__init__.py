"""How does a cluster make campaigns? Tasks are watched, reconciled into Jobs and reported on. Imports everything below, and none of cli, gateway and local."""
