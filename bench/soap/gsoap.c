/* remove_spaces by gSOAP, as its guide builds a standalone server: a thread for each connection, kept alive, strict. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "soapH.h"
#include "text.nsmap"

int ns__remove_USCOREspaces(struct soap *soap, char *string, char **result) {
  char *to = *result = soap_malloc(soap, strlen(string) + 1);
  int blank = 1;
  for (const char *from = string; *from; from++) {
    int white = *from == ' ' || (*from >= '\t' && *from <= '\r');
    if (!white) *to++ = *from;
    else if (!blank) *to++ = ' ';
    blank = white;
  }
  if (blank && to > *result) to--;
  *to = 0;
  return SOAP_OK;
}

static void *serve(void *copy) {
  struct soap *soap = copy;
  pthread_detach(pthread_self());
  soap_serve(soap);
  soap_destroy(soap);
  soap_end(soap);
  soap_free(soap);
  return NULL;
}

int main(void) {
  struct soap *soap = soap_new1(SOAP_IO_KEEPALIVE | SOAP_C_UTFSTRING | SOAP_XML_STRICT);
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  soap->max_keep_alive = 1000000000;
  soap->bind_flags = SO_REUSEADDR;
  SOAP_SOCKET master = soap_bind(soap, "127.0.0.1", 0, 100);
  if (!soap_valid_socket(master)) return 1;
  getsockname(master, (struct sockaddr *)&address, &length);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  while (soap_valid_socket(soap_accept(soap))) {
    pthread_t thread;
    int one = 1;
    setsockopt(soap->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    pthread_create(&thread, NULL, serve, soap_copy(soap));
  }
  return 0;
}
