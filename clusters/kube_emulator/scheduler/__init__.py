"""The scheduler: a loop that acts, and a framework that decides."""
