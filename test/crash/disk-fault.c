/* LD_PRELOAD: makes one call fail that concerns the files of attachments. DISK_FAULT is "CALL N ERRNO": the N-th call of
   this name (write, fsync) fails with ERRNO; a write with ERRNO 0 takes half of its bytes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int calls;

/* -1: it does not fail. */
static int fault(const char *call, int fd) {
  char name[16], link[64], path[4096];
  int at, error;
  ssize_t length;
  const char *wanted = getenv("DISK_FAULT");
  if (!wanted || sscanf(wanted, "%15s %d %d", name, &at, &error) != 3 || strcmp(name, call)) return -1;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  length = readlink(link, path, sizeof path - 1);
  if (length < 0) return -1;
  path[length] = '\0';
  if (!strstr(path, "/attachments")) return -1;
  return atomic_fetch_add(&calls, 1) + 1 == at ? error : -1;
}

ssize_t write(int fd, const void *bytes, size_t count) {
  static ssize_t (*real)(int, const void *, size_t);
  int error = fault("write", fd);
  if (!real) real = dlsym(RTLD_NEXT, "write");
  if (error == 0) return real(fd, bytes, count / 2);
  if (error < 0) return real(fd, bytes, count);
  errno = error;
  return -1;
}

int fsync(int fd) {
  static int (*real)(int);
  int error = fault("fsync", fd);
  if (!real) real = dlsym(RTLD_NEXT, "fsync");
  if (error <= 0) return real(fd);
  errno = error;
  return -1;
}
