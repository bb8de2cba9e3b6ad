"""How is Kubernetes spoken with? The client, manifests, and what Jobs and pods say, as values. Imports the contract alone."""
