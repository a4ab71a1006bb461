/* Times calls through a libnvidia-ml.so.1: argv[1] is the library. One line per sample: name and nanoseconds per call. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SAMPLES = 60, CALLS = 20000, STARTS = 200 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static void *library;

static void *symbol(const char *name) {
  void *found = dlsym(library, name);
  if (!found) {
    fprintf(stderr, "%s is missing\n", name);
    exit(1);
  }
  return found;
}

#define SAMPLE(label, call)                                    \
  for (int s = 0; s < SAMPLES; s++) {                          \
    double start = now();                                      \
    for (int i = 0; i < CALLS; i++)                            \
      if (call) {                                              \
        fprintf(stderr, "%s failed\n", label);                 \
        return 1;                                              \
      }                                                        \
    printf("%s %.3f\n", label, (now() - start) / CALLS);       \
  }

int main(int argc, char **argv) {
  if (argc != 2 || !(library = dlopen(argv[1], RTLD_NOW))) {
    fprintf(stderr, "cannot open the library: %s\n", dlerror());
    return 1;
  }
  int (*init)(void) = symbol("nvmlInit_v2"), (*end)(void) = symbol("nvmlShutdown");
  int (*count)(unsigned *) = symbol("nvmlDeviceGetCount_v2");
  int (*handle)(unsigned, void **) = symbol("nvmlDeviceGetHandleByIndex_v2");
  int (*name)(void *, char *, unsigned) = symbol("nvmlDeviceGetName");
  int (*memory)(void *, void *) = symbol("nvmlDeviceGetMemoryInfo_v2");
  int (*fabric)(void *, void *) = symbol("nvmlDeviceGetGpuFabricInfoV");
  int (*volatile nothing)(int) = (int (*)(int))dlsym(RTLD_DEFAULT, "abs");
  unsigned n;
  void *gpu;
  char text[96];
  struct { unsigned version; unsigned long long total, reserved, free, used; } info;
  struct { unsigned version; unsigned char rest[60]; } clique;
  SAMPLE("empty_call", nothing(0))
  for (int i = 0; i < STARTS; i++) {
    double start = now();
    if (init() || end()) return 1;
    printf("init_shutdown %.1f\n", now() - start);
  }
  if (init() || handle(0, &gpu)) return 1;
  info.version = sizeof info | 2u << 24;
  memset(&clique, 0, sizeof clique);
  SAMPLE("getter_count", count(&n))
  SAMPLE("getter_name", name(gpu, text, sizeof text))
  SAMPLE("getter_memory_v2", memory(gpu, &info))
  SAMPLE("getter_fabric", (clique.version = FABRIC_SIZE | 2u << 24, fabric(gpu, &clique)))
  return end();
}
