"""Stand-ins for the programs beside the driver: nvidia-smi, the MPS control daemon and server, IMEX and its control."""
