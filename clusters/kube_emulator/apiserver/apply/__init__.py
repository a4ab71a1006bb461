"""Who owns which field of an object: server-side apply and the tracking of updates."""
