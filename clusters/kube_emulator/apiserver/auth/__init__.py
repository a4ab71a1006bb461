"""Authentication, authorization, reviews, and the rules for nodes."""
