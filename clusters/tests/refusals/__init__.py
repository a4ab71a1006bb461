"""Objects that a real API server refuses, and what it answered; ``cases`` are the objects, the JSON files the answers."""
