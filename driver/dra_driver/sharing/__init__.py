"""How several processes share a GPU: time slices and MPS control daemons."""
