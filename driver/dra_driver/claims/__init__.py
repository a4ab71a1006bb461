"""Preparing claims: the service and its parts, the plan of a claim, the steps, the records, the checkpoint."""
