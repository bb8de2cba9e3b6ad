"""Telling others what became of a campaign. Knows HTTP and nothing of Kubernetes."""
