/* What the parts of libcuda.so.1 share: names of the driver API, operations, and how the node daemon is asked. */
#ifndef FAKE_CUDA_CLIENT_H
#define FAKE_CUDA_CLIENT_H
#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))
#define HIDDEN __attribute__((visibility("hidden")))
enum { OK = 0, INVALID_VALUE = 1, NOT_INITIALIZED = 3, NO_DEVICE = 100, INVALID_DEVICE = 101, INVALID_CONTEXT = 201, NOT_SUPPORTED = 801, UNKNOWN = 999 };
enum { HELLO = 1, DEVICE, CONTEXT, END, ALLOCATE, FREE, INFO, LOAD,
       RESERVE, UNRESERVE, CREATE, RELEASE, MAP, UNMAP, ACCESS, SHARE, IMPORT, WRITE, READ, COPY };
enum { CHUNK = 1 << 18 }; /* bytes of one copy's step, as fake_nvml/fabric_wire.py bounds them */

typedef int CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;

/* One request, whose arguments are BODY and then TAIL; the reply's payload goes to OUT, which has ROOM bytes. */
HIDDEN CUresult fake_cuda_send(uint32_t op, const void *body, uint32_t length, const void *tail, uint32_t tail_length,
                               void *out, uint32_t room);
HIDDEN CUresult fake_cuda_ask(uint32_t op, const void *body, uint32_t length, void *out, uint32_t room);
#endif
