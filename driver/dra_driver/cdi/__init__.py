"""Container Device Interface: one file per claim, made by pure functions and written atomically."""
