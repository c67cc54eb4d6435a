/*
 * Preloaded into a node, gives it a disk and a clock that are controlled from outside, through the file that
 * TORTURE_CONTROL names: flushes become slow or fail, and the time of day is moved.
 *
 * For every file below TORTURE_DATA it keeps, below TORTURE_JOURNALS, what each write overwrote since the last flush
 * that succeeded. Whoever puts that back after a kill has what a power failure would have left. The journal is written
 * before the write it is about, and says that a flush has happened before whoever asked for the flush is told.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Shared with the harness, in this order. */
struct control {
  volatile int64_t flush_delay_us;
  volatile int64_t flushes_fail;
  volatile int64_t wall_offset_us;
  volatile int64_t flushes;
  volatile int64_t flushes_delayed;
  volatile int64_t flushes_failed;
};

/* Begins a journal: everything before it in the journal is on disk. */
struct head {
  uint64_t synced_through;
  uint64_t reserved;
};

/* One write, followed by what it overwrote. */
struct record {
  uint64_t offset;
  uint64_t length;
  uint64_t old_length;
  uint64_t old_size;
  /* The write itself returned only when it was on disk. */
  uint64_t durable;
};

struct file {
  dev_t device;
  ino_t inode;
  int journal;
  pthread_mutex_t mutex;
  uint64_t end;
  uint64_t synced_through;
  /* Something was written that only a flush makes durable. */
  int unflushed;
  /* Durable writes under way, and where in the journal the earliest of them begins. */
  int durable_under_way;
  uint64_t first_under_way;
};

#define FILES_MAX 64
#define EMPTY_END sizeof(struct head)
/* A journal in which nothing is left to undo is begun anew beyond this. */
#define JOURNAL_BYTES_MAX (1 << 20)

static struct file files[FILES_MAX];
static int file_count;
static pthread_mutex_t files_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct control no_control;
static struct control *control = &no_control;
static const char *data_directory;
static const char *journal_directory;

__attribute__((constructor)) static void begin(void) {
  data_directory = getenv("TORTURE_DATA");
  journal_directory = getenv("TORTURE_JOURNALS");
  const char *path = getenv("TORTURE_CONTROL");
  if (path == NULL) return;
  int descriptor = open(path, O_RDWR | O_CLOEXEC);
  if (descriptor < 0) abort();
  void *shared = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (shared == MAP_FAILED) abort();
  control = shared;
  syscall(SYS_close, descriptor);
}

/* Without the functions below, which are for the program. */
static void journal_write(int descriptor, const void *bytes, size_t length, uint64_t at) {
  const char *from = bytes;
  while (length > 0) {
    long written = syscall(SYS_pwrite64, descriptor, from, length, at);
    if (written < 0 && errno == EINTR) continue;
    /* A journal with a gap would restore what never was. */
    if (written <= 0) abort();
    from += written;
    length -= (size_t)written;
    at += (uint64_t)written;
  }
}

static void open_journal(struct file *file) {
  char path[4096];
  snprintf(path, sizeof(path), "%s/%lu-%lu", journal_directory, (unsigned long)file->device,
           (unsigned long)file->inode);
  file->journal = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file->journal < 0) abort();
  struct head head = {0, 0};
  off_t length = lseek(file->journal, 0, SEEK_END);
  if (length < (off_t)sizeof(head)) {
    head.synced_through = EMPTY_END;
    journal_write(file->journal, &head, sizeof(head), 0);
    length = sizeof(head);
  } else if (syscall(SYS_pread64, file->journal, &head, sizeof(head), 0) != sizeof(head)) {
    abort();
  }
  /* The last record of a killed process may be cut off; the write it was for never began. */
  uint64_t end = EMPTY_END;
  struct record record;
  while (end + sizeof(record) <= (uint64_t)length) {
    if (syscall(SYS_pread64, file->journal, &record, sizeof(record), end) != sizeof(record)) break;
    if (end + sizeof(record) + record.old_length > (uint64_t)length) break;
    end += sizeof(record) + record.old_length;
  }
  file->end = end;
  file->synced_through = head.synced_through;
  if (file->synced_through > end) {
    file->synced_through = end;
    journal_write(file->journal, &end, sizeof(end), 0);
  }
  pthread_mutex_init(&file->mutex, NULL);
}

static int belongs_to_data(int descriptor) {
  char link[64], path[4096];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof(path) - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  size_t prefix = strlen(data_directory);
  if (strncmp(path, data_directory, prefix) != 0) return 0;
  /* Locks are no data: they mean nothing once their processes are gone. */
  const char *name = strrchr(path, '/') + 1;
  return strstr(name, "lock") == NULL;
}

/* NULL for whatever is no file of the data directory. */
static struct file *file_of(int descriptor) {
  struct stat status;
  if (data_directory == NULL || journal_directory == NULL) return NULL;
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return NULL;
  pthread_mutex_lock(&files_mutex);
  struct file *found = NULL;
  for (int at = 0; at < file_count && found == NULL; at++) {
    if (files[at].device == status.st_dev && files[at].inode == status.st_ino) found = &files[at];
  }
  if (found == NULL && belongs_to_data(descriptor)) {
    if (file_count == FILES_MAX) abort();
    found = &files[file_count++];
    found->device = status.st_dev;
    found->inode = status.st_ino;
    open_journal(found);
  }
  pthread_mutex_unlock(&files_mutex);
  return found;
}

/* Answers where in the journal it stands. The caller holds the file's mutex. */
static uint64_t remember(struct file *file, int descriptor, uint64_t offset, size_t length) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) abort();
  uint64_t size = (uint64_t)status.st_size;
  uint64_t old_length = offset >= size ? 0 : (size - offset < length ? size - offset : length);
  size_t total = sizeof(struct record) + old_length;
  char *bytes = malloc(total);
  if (bytes == NULL) abort();
  struct record record = {offset, length, old_length, size, 0};
  memcpy(bytes, &record, sizeof(record));
  if (old_length > 0) {
    /* The program's own descriptor may be for writing only. */
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
    int reader = open(link, O_RDONLY | O_CLOEXEC);
    if (reader < 0) abort();
    uint64_t got = 0;
    while (got < old_length) {
      long more = syscall(SYS_pread64, reader, bytes + sizeof(record) + got, old_length - got, offset + got);
      if (more <= 0) abort();
      got += (uint64_t)more;
    }
    syscall(SYS_close, reader);
  }
  uint64_t at = file->end;
  journal_write(file->journal, bytes, total, at);
  file->end = at + total;
  free(bytes);
  return at;
}

static void wait_for_disk(void) {
  int64_t delay_us = control->flush_delay_us;
  if (delay_us <= 0) return;
  __atomic_add_fetch(&control->flushes_delayed, 1, __ATOMIC_RELAXED);
  struct timespec pause = {delay_us / 1000000, (delay_us % 1000000) * 1000};
  nanosleep(&pause, NULL);
}

typedef ssize_t (*write_call)(int, const struct iovec *, int, off_t);

static ssize_t real_pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
  return syscall(SYS_pwritev, descriptor, parts, (unsigned long)count, (unsigned long)offset, 0UL);
}

static ssize_t real_writev(int descriptor, const struct iovec *parts, int count, off_t offset) {
  (void)offset;
  return syscall(SYS_writev, descriptor, parts, (unsigned long)count);
}

static int refuses_flush(void) {
  if (!control->flushes_fail) return 0;
  __atomic_add_fetch(&control->flushes_failed, 1, __ATOMIC_RELAXED);
  errno = EIO;
  return 1;
}

/* Everything written before `through` in the journal is on disk now. The caller holds the file's mutex. */
static void note_synced(struct file *file, uint64_t through) {
  if (through <= file->synced_through) return;
  file->synced_through = through;
  if (through == file->end) file->unflushed = 0;
  if (through == file->end && through > JOURNAL_BYTES_MAX && file->durable_under_way == 0) {
    /* Killed in between, the journal is shorter than its head says: there is nothing to undo. */
    if (ftruncate(file->journal, EMPTY_END) != 0) abort();
    file->end = file->synced_through = EMPTY_END;
  }
  journal_write(file->journal, &file->synced_through, sizeof(uint64_t), 0);
}

static ssize_t remembered_write(int descriptor, const struct iovec *parts, int count, off_t offset,
                                write_call write) {
  struct file *file = file_of(descriptor);
  if (file == NULL) return write(descriptor, parts, count, offset);
  size_t length = 0;
  for (int at = 0; at < count; at++) length += parts[at].iov_len;
  int durable = (fcntl(descriptor, F_GETFL) & O_DSYNC) != 0;
  if (durable) {
    __atomic_add_fetch(&control->flushes, 1, __ATOMIC_RELAXED);
    wait_for_disk();
    if (refuses_flush()) return -1;
  }
  pthread_mutex_lock(&file->mutex);
  uint64_t at = remember(file, descriptor, (uint64_t)offset, length);
  if (!durable) {
    file->unflushed = 1;
    ssize_t written = write(descriptor, parts, count, offset);
    pthread_mutex_unlock(&file->mutex);
    return written;
  }
  if (file->durable_under_way++ == 0) file->first_under_way = at;
  pthread_mutex_unlock(&file->mutex);
  ssize_t written = write(descriptor, parts, count, offset);
  pthread_mutex_lock(&file->mutex);
  if (written == (ssize_t)length) {
    uint64_t yes = 1;
    journal_write(file->journal, &yes, sizeof(yes), at + offsetof(struct record, durable));
  }
  file->durable_under_way--;
  /* A file that is only ever written so needs no flush, and its journal would grow for ever. */
  if (file->durable_under_way == 0 && !file->unflushed && written == (ssize_t)length) {
    note_synced(file, file->end);
  }
  pthread_mutex_unlock(&file->mutex);
  return written;
}

static int remembered_flush(int descriptor, long call) {
  struct file *file = file_of(descriptor);
  if (file == NULL) return (int)syscall(call, descriptor);
  __atomic_add_fetch(&control->flushes, 1, __ATOMIC_RELAXED);
  wait_for_disk();
  if (refuses_flush()) return -1;
  pthread_mutex_lock(&file->mutex);
  uint64_t through = file->durable_under_way > 0 ? file->first_under_way : file->end;
  pthread_mutex_unlock(&file->mutex);
  int failed = (int)syscall(call, descriptor);
  if (failed != 0) return failed;
  pthread_mutex_lock(&file->mutex);
  note_synced(file, through);
  pthread_mutex_unlock(&file->mutex);
  return 0;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t length, off_t offset) {
  struct iovec part = {(void *)bytes, length};
  return remembered_write(descriptor, &part, 1, offset, real_pwritev);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off64_t offset) {
  return pwrite(descriptor, bytes, length, offset);
}

ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
  return remembered_write(descriptor, parts, count, offset, real_pwritev);
}

ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off64_t offset) {
  return pwritev(descriptor, parts, count, offset);
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
  struct stat status;
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    return real_writev(descriptor, parts, count, 0);
  }
  off_t offset = lseek(descriptor, 0, SEEK_CUR);
  return remembered_write(descriptor, parts, count, offset, real_writev);
}

ssize_t write(int descriptor, const void *bytes, size_t length) {
  struct iovec part = {(void *)bytes, length};
  return writev(descriptor, &part, 1);
}

int fdatasync(int descriptor) { return remembered_flush(descriptor, SYS_fdatasync); }

int fsync(int descriptor) { return remembered_flush(descriptor, SYS_fsync); }

/* Neither store writes through a mapping; a flush of one would go unnoticed here, and everything would be undone. */

int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*next)(clockid_t, struct timespec *);
  if (next == NULL) next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int failed = next(clock, now);
  int64_t offset_us = control->wall_offset_us;
  if (failed != 0 || offset_us == 0) return failed;
  if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE) return 0;
  int64_t us = (int64_t)now->tv_sec * 1000000 + now->tv_nsec / 1000 + offset_us;
  now->tv_sec = us / 1000000;
  now->tv_nsec = (us % 1000000) * 1000;
  return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec time;
  if (clock_gettime(CLOCK_REALTIME, &time) != 0) return -1;
  now->tv_sec = time.tv_sec;
  now->tv_usec = time.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *result) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (result != NULL) *result = now.tv_sec;
  return now.tv_sec;
}
