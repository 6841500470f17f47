/*
 * The floor: what wrk and the kernel leave of a call to a server that does next to nothing. It reads whatever is there, takes it
 * for one request, writes an answer that it was made with, and looks for the next one without sleeping, for some milliseconds
 * after each.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/** So often it looks before it sleeps: it must not be in the way of the others' rounds. */
#define LOOKS 20000

static const char TEXT[] = "ten words and ten blanks ten words and ten blanks ten words and ten blanks ten words and ten bla";

int main(void) {
  static char request[1 << 16], body[1024], answer[2048];
  int length = snprintf(body, sizeof body,
    "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>"
    "<remove_spacesResponse xmlns=\"urn:dms:text:1\"><remove_spacesResult>%s</remove_spacesResult></remove_spacesResponse>"
    "</soap:Body></soap:Envelope>", TEXT);
  length = snprintf(answer, sizeof answer,
    "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s", length, body);

  int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[64];
  if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 100) != 0) return 1;
  getsockname(listener, (struct sockaddr *)&address, &size);
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (int looks = 0;; looks++) {
    int ready = epoll_wait(poll, events, 64, looks < LOOKS ? 0 : -1);
    if (ready > 0) looks = 0;
    for (int at = 0; at < ready; at++) {
      int socket = events[at].data.fd;
      if (socket == listener) {
        event.data.fd = accept(listener, NULL, NULL);
        setsockopt(event.data.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        epoll_ctl(poll, EPOLL_CTL_ADD, event.data.fd, &event);
      } else if (read(socket, request, sizeof request) <= 0 || write(socket, answer, length) != length) close(socket);
    }
  }
}
