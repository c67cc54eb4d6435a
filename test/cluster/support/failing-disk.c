/*
 * Preloaded into a node, makes every flush to disk fail for as long as the file named by FAILING_DISK exists, as a
 * dying disk would: what was written stays readable, and nobody knows whether it is saved.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static int fails(void) {
  const char *flag = getenv("FAILING_DISK");
  return flag != NULL && access(flag, F_OK) == 0;
}

static int refuse(void) {
  errno = EIO;
  return -1;
}

int fdatasync(int file) {
  static int (*next)(int);
  if (next == NULL) next = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  return fails() ? refuse() : next(file);
}

int fsync(int file) {
  static int (*next)(int);
  if (next == NULL) next = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  return fails() ? refuse() : next(file);
}

int msync(void *start, size_t length, int flags) {
  static int (*next)(void *, size_t, int);
  if (next == NULL) next = (int (*)(void *, size_t, int))dlsym(RTLD_NEXT, "msync");
  return fails() ? refuse() : next(start, length, flags);
}
