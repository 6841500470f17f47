/*
 * Load on the original protocol: each sender, a thread, sends to its own recipient, one request after the other; one
 * thread listens for all users and counts what is pushed to them. In C, since it shares two cores with the server: a
 * generator in Node takes as much of them as what it measures. Compiled and called by legacy.ts.
 *
 *   legacy-load PORT SENDERS SECONDS
 *
 * Prints one line: sends a second, p50 and p99 of a reply in ms, sent, delivered, receipts, failed. The first three are
 * those of the seconds asked for, which begin when the server has been under load for two; the others count everything.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_BYTES = 100, MOST_SENDERS = 512, MOST_SENDS = 200000, MOST_FILES = 65536, LAST_WAIT_S = 10, WARM_UP_S = 2 };

static struct sockaddr_in server;
static double warm, until;
static atomic_long sent, failed, delivered, receipts;

/* What has come on a connection: the first byte after "SEND_MESS" tells a message ('A') from a receipt ('_'). */
static char begun[MOST_FILES][16];
static unsigned char got[MOST_FILES], listening[MOST_FILES];

static void die(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

/* One request on a connection of its own; the reply's first byte, or -1. Reads until the server has closed. */
static int request(const char *fields, size_t length) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, code = -1;
  if (fd < 0) return -1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(fd, (struct sockaddr *)&server, sizeof server) == 0 && write(fd, fields, length) == (ssize_t)length) {
    unsigned char reply[64];
    ssize_t count, all = 0;
    while ((count = read(fd, reply, sizeof reply)) > 0) {
      if (all == 0) code = reply[0];
      all += count;
    }
    if (count < 0) code = -1;
  }
  close(fd);
  return code;
}

static size_t join(char *to, int count, const char *const *fields) {
  size_t length = 0;
  for (int i = 0; i < count; i++) length += strlen(strcpy(to + length, fields[i])) + 1;
  return length;
}

static void watch(int poll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
}

/* Accepts what is pushed, reads each push to its end, and closes: only that makes it delivered. */
static void *listen_for_all(void *argument) {
  int poll = *(int *)argument;
  for (;;) {
    struct epoll_event events[256];
    int ready = epoll_wait(poll, events, 256, -1);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (listening[fd]) {
        int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (peer < 0) continue;
        if (peer >= MOST_FILES) die("too many connections");
        got[peer] = 0;
        watch(poll, peer);
        continue;
      }
      char bytes[4096];
      ssize_t count = read(fd, bytes, sizeof bytes);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      for (ssize_t j = 0; j < count && got[fd] < sizeof begun[fd]; j++) begun[fd][got[fd]++] = bytes[j];
      if (count > 0) continue;
      if (count == 0 && got[fd] > 9) atomic_fetch_add(begun[fd][9] == 'A' ? &delivered : &receipts, 1);
      close(fd);
    }
  }
  return NULL;
}

static void join_in(int poll, const char *user) {
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof own;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&own, size) < 0 || listen(fd, 1024) < 0) die("listen");
  if (getsockname(fd, (struct sockaddr *)&own, &size) < 0) die("getsockname");
  listening[fd] = 1;
  watch(poll, fd);
  char port[8], fields[256];
  snprintf(port, sizeof port, "%d", ntohs(own.sin_port));
  if (request(fields, join(fields, 2, (const char *[]){"REGISTER", user})) != 0) die("REGISTER");
  if (request(fields, join(fields, 3, (const char *[]){"CONNECT", user, port})) != 0) die("CONNECT");
}

struct sender {
  int number;
  long count;
  float *took;
};

static void *send_all(void *argument) {
  struct sender *self = argument;
  char from[16], to[16], text[TEXT_BYTES + 1], fields[256];
  snprintf(from, sizeof from, "from%d", self->number);
  snprintf(to, sizeof to, "to%d", self->number);
  memset(text, 'x', TEXT_BYTES);
  text[TEXT_BYTES] = 0;
  size_t length = join(fields, 4, (const char *[]){"SEND", from, to, text});
  while (now() < until && self->count < MOST_SENDS) {
    double began = now();
    int code = request(fields, length);
    if (began >= warm) self->took[self->count++] = (float)((now() - began) * 1000);
    atomic_fetch_add(code == 0 ? &sent : &failed, 1);
  }
  return NULL;
}

static int by_size(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

int main(int count, char **arguments) {
  if (count != 4) return fprintf(stderr, "usage: legacy-load PORT SENDERS SECONDS\n"), 2;
  int senders = atoi(arguments[2]), poll = epoll_create1(EPOLL_CLOEXEC);
  if (senders < 1 || senders > MOST_SENDERS) return fprintf(stderr, "1 to %d senders\n", MOST_SENDERS), 2;
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1])),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  static struct sender all[MOST_SENDERS];
  static pthread_t threads[MOST_SENDERS], listener;
  pthread_create(&listener, NULL, listen_for_all, &poll);
  for (int i = 0; i < senders; i++) {
    char user[16];
    snprintf(user, sizeof user, "from%d", i), join_in(poll, user);
    snprintf(user, sizeof user, "to%d", i), join_in(poll, user);
    all[i] = (struct sender){.number = i, .took = malloc(MOST_SENDS * sizeof(float))};
  }
  warm = now() + WARM_UP_S;
  until = warm + atof(arguments[3]);
  for (int i = 0; i < senders; i++) pthread_create(&threads[i], NULL, send_all, &all[i]);
  for (int i = 0; i < senders; i++) pthread_join(threads[i], NULL);
  double seconds = now() - warm;
  for (double last = now() + LAST_WAIT_S; now() < last && (delivered < sent || receipts < sent);) usleep(10000);
  long total = 0;
  for (int i = 0; i < senders; i++) total += all[i].count;
  float *took = malloc((total + 1) * sizeof(float)), *to = took;
  for (int i = 0; i < senders; i++) to = memcpy(to, all[i].took, all[i].count * sizeof(float)), to += all[i].count;
  qsort(took, total, sizeof(float), by_size);
  printf("%.0f %.2f %.2f %ld %ld %ld %ld\n", total / seconds, took[total / 2], took[total * 99 / 100], (long)sent,
         (long)delivered, (long)receipts, (long)failed);
  return 0;
}
