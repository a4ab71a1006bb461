"""The checks, one file or folder per area; each names its requirements, and its docstring is the rule."""
