/* The floor of the benchmark: a library that could not do less, with a mutex and a table, as a simple fake has them. */
#include <pthread.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int references;
static struct { char name[96]; unsigned long long memory[4]; unsigned char fabric[32]; } table[8];

int nvmlInit_v2(void) {
  pthread_mutex_lock(&lock);
  if (references++ == 0)
    for (int i = 0; i < 8; i++) strcpy(table[i].name, "NVIDIA B200");
  pthread_mutex_unlock(&lock);
  return 0;
}

int nvmlShutdown(void) {
  pthread_mutex_lock(&lock);
  int code = references > 0 ? 0 : 1;
  references -= !code;
  pthread_mutex_unlock(&lock);
  return code;
}

static int ready(void) {
  pthread_mutex_lock(&lock);
  int found = references > 0;
  pthread_mutex_unlock(&lock);
  return found;
}

/* A handle is the address of a row: anything else is refused. */
static int known(void *gpu) {
  for (int i = 0; i < 8; i++)
    if (gpu == &table[i]) return 1;
  return 0;
}

int nvmlDeviceGetCount_v2(unsigned *count) {
  if (!ready()) return 1;
  if (!count) return 2;
  *count = 8;
  return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **gpu) {
  if (!ready()) return 1;
  if (!gpu || index >= 8) return 2;
  *gpu = &table[index];
  return 0;
}

int nvmlDeviceGetName(void *gpu, char *text, unsigned size) {
  if (!ready()) return 1;
  if (!known(gpu) || !text) return 2;
  size_t length = strlen(gpu) + 1;
  if (size < length) return 7;
  memcpy(text, gpu, length);
  return 0;
}

int nvmlDeviceGetMemoryInfo_v2(void *gpu, void *info) {
  if (!ready()) return 1;
  if (!known(gpu) || !info) return 2;
  if (*(unsigned *)info != (40u | 2u << 24)) return 25;
  memcpy((char *)info + 8, (char *)gpu + 96, 32);
  return 0;
}

int nvmlDeviceGetGpuFabricInfoV(void *gpu, void *info) {
  if (!ready()) return 1;
  if (!known(gpu) || !info) return 2;
  memcpy((char *)info + 4, (char *)gpu + 128, 32);
  return 0;
}
