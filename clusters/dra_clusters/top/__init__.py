"""``dra-cluster top``: racks with their nodes and GPUs, who holds what, and what is sick. ``picture`` decides, ``screen`` draws."""
