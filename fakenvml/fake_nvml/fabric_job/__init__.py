"""``fake-nvml fabric-job``: a job over several nodes that moves memory over the fabric, checks it, and prints a bandwidth.

It has the shape of NVIDIA's nvbandwidth under MPI: workers wait, a launcher connects to all of them and drives them. Each
GPU of a worker is a rank. There is no ssh: a worker answers the launcher over TCP. Bytes go through ``libcuda.so.1`` only, so
they flow where the fabric allows it. The bandwidth is computed from what NVML says of the links, and says so.
"""
