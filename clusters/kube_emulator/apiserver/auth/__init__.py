"""Who asks, and whether they may: authentication, authorization, reviews and what is only for nodes."""
