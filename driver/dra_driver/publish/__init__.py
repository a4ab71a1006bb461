"""ResourceSlices: what they should be (``slices``), what to write (``plan``), writing it and keeping it so (``publisher``)."""
