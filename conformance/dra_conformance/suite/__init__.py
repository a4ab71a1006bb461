"""The checks, one file an area; each names the requirements that it proves and says its rule in its first line."""
