/*
 * Preloaded into a node, makes every flush to disk fail for as long as the file named by FAILING_DISK exists, as a
 * dying disk would: what was written stays readable, and nobody knows whether it is saved.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static int fails(void) {
  const char *flag = getenv("FAILING_DISK");
  return flag != NULL && access(flag, F_OK) == 0;
}

/* Only the writes that return when they are on disk fail, as LMDB's last one of a commit, if FAILING_WRITES is set. */
static int flush_fails(void) {
  return getenv("FAILING_WRITES") == NULL && fails();
}

static int refuse(void) {
  errno = EIO;
  return -1;
}

int fdatasync(int file) {
  static int (*next)(int);
  if (next == NULL) next = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  return flush_fails() ? refuse() : next(file);
}

int fsync(int file) {
  static int (*next)(int);
  if (next == NULL) next = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  return flush_fails() ? refuse() : next(file);
}

int msync(void *start, size_t length, int flags) {
  static int (*next)(void *, size_t, int);
  if (next == NULL) next = (int (*)(void *, size_t, int))dlsym(RTLD_NEXT, "msync");
  return flush_fails() ? refuse() : next(start, length, flags);
}

/* A write that returns when it is on disk is a flush as well. */
ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset) {
  static ssize_t (*next)(int, const void *, size_t, off64_t);
  if (next == NULL) next = (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
  if (fails() && (fcntl(file, F_GETFL) & O_DSYNC) != 0) return refuse();
  return next(file, bytes, length, offset);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset) {
  return pwrite64(file, bytes, length, offset);
}
