"""ResourceSlices: the wanted ones (``slices``), the writes that are needed (``plan``), the loop that writes (``publisher``)."""
