"""What is in the memory of devices, at which addresses, and who may share it: cuMemCreate and what follows from it.

Contents are real, so that a copy can be checked; pages that nobody wrote are zero and take no memory. Memory that is exported
for the fabric can be imported on the same node, and on other nodes through ``nvidia-imex``, over whose connections the bytes go.
"""
