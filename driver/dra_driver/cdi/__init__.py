"""Container Device Interface: one file a claim, made by pure functions and put in its place in one step."""
