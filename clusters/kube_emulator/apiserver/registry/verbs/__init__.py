"""Parts of the verbs that decide without the store."""
