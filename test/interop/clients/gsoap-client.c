/* Calls what it is told to with stubs that wsdl2h and soapcpp2 made of both services. See ../clients.ts for what it
   reads and writes. The prefixes are wsdl2h's, in the order in which it met the namespaces:
   ns1 urn:dms:text:1, ns2 http://tests.python-zeep.org/, ns3 urn:dms:fault:1, ns4 urn:dms:messaging:1. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "soapH.h"
#include "MessagingSoap11.nsmap"

static char *text(const cJSON *object, const char *name) {
  return cJSON_GetStringValue(cJSON_GetObjectItem(object, name));
}

static double number(const cJSON *object, const char *name) {
  return cJSON_GetNumberValue(cJSON_GetObjectItem(object, name));
}

static void put(cJSON *object, const char *name, const char *value) {
  cJSON_AddItemToObject(object, name, value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

/* What the calls have in common: the connection, where to, what goes in, what comes out. */
#define CALL(name) static int name(struct soap *soap, const char *to, const cJSON *in, cJSON *out)

CALL(remove_spaces) {
  struct _ns1__remove_USCOREspaces request = {.string = text(in, "string")};
  struct _ns1__remove_USCOREspacesResponse reply;
  if (soap_call___ns1__remove_USCOREspaces(soap, to, NULL, &request, &reply)) return soap->error;
  put(out, "remove_spacesResult", reply.remove_USCOREspacesResult);
  return SOAP_OK;
}

CALL(remove_runs) {
  struct _ns2__remove request = {.string = text(in, "string")};
  struct _ns2__removeResponse reply;
  if (soap_call___ns1__remove(soap, to, NULL, &request, &reply)) return soap->error;
  put(out, "removeResult", reply.removeResult);
  return SOAP_OK;
}

CALL(register_user) {
  struct _ns4__Register request = {.userName = text(in, "userName"), .password = text(in, "password")};
  struct _ns4__RegisterResponse reply;
  return soap_call___ns4__Register(soap, to, NULL, &request, &reply);
}

CALL(unregister) {
  struct _ns4__Unregister request;
  struct _ns4__UnregisterResponse reply;
  memset(&request, 0, sizeof request);
  return soap_call___ns4__Unregister(soap, to, NULL, &request, &reply);
}

CALL(send_text) {
  struct _ns4__Send request = {
      .recipient = text(in, "recipient"), .text = text(in, "text"), .clientMessageId = text(in, "clientMessageId")};
  struct _ns4__SendResponse reply;
  if (soap_call___ns4__Send(soap, to, NULL, &request, &reply)) return soap->error;
  cJSON_AddNumberToObject(out, "messageId", (double)reply.messageId);
  put(out, "clientMessageId", reply.clientMessageId);
  return SOAP_OK;
}

CALL(receive) {
  struct _ns4__Receive request = {.maxMessages = number(in, "maxMessages"), .waitSeconds = number(in, "waitSeconds")};
  struct _ns4__ReceiveResponse reply;
  cJSON *entries;
  int i;
  if (soap_call___ns4__Receive(soap, to, NULL, &request, &reply)) return soap->error;
  entries = cJSON_AddArrayToObject(out, "entry");
  for (i = 0; i < reply.__sizeentry; i++) {
    struct ns4__Entry *entry = &reply.entry[i];
    cJSON *item = cJSON_CreateObject();
    cJSON_AddItemToArray(entries, item);
    cJSON_AddNumberToObject(item, "seq", (double)entry->seq);
    if (entry->message) {
      cJSON *message = cJSON_AddObjectToObject(item, "message");
      cJSON_AddNumberToObject(message, "messageId", (double)entry->message->messageId);
      put(message, "sender", entry->message->sender);
      put(message, "text", entry->message->text);
      put(message, "acceptedAt", soap_dateTime2s(soap, entry->message->acceptedAt));
      if (entry->message->attachment) {
        cJSON *attachment = cJSON_AddObjectToObject(message, "attachment");
        put(attachment, "fileName", entry->message->attachment->fileName);
        cJSON_AddNumberToObject(attachment, "size", (double)entry->message->attachment->size);
        put(attachment, "sha256", entry->message->attachment->sha256);
      }
    }
    if (entry->receipt) {
      cJSON *receipt = cJSON_AddObjectToObject(item, "receipt");
      cJSON_AddNumberToObject(receipt, "messageId", (double)entry->receipt->messageId);
      put(receipt, "clientMessageId", entry->receipt->clientMessageId);
      put(receipt, "recipient", entry->receipt->recipient);
    }
  }
  return SOAP_OK;
}

CALL(acknowledge) {
  struct _ns4__Acknowledge request = {.seq = number(in, "seq")};
  struct _ns4__AcknowledgeResponse reply;
  return soap_call___ns4__Acknowledge(soap, to, NULL, &request, &reply);
}

CALL(get_message_status) {
  struct _ns4__GetMessageStatus request = {.clientMessageId = text(in, "clientMessageId")};
  struct _ns4__GetMessageStatusResponse reply;
  if (soap_call___ns4__GetMessageStatus(soap, to, NULL, &request, &reply)) return soap->error;
  cJSON_AddNumberToObject(out, "messageId", (double)reply.messageId);
  put(out, "status", soap_ns4__MessageStatus2s(soap, reply.status));
  return SOAP_OK;
}

CALL(list_users) {
  struct _ns4__ListUsers request = {.prefix = text(in, "prefix")};
  struct _ns4__ListUsersResponse reply;
  cJSON *users;
  int i;
  if (soap_call___ns4__ListUsers(soap, to, NULL, &request, &reply)) return soap->error;
  users = cJSON_AddArrayToObject(out, "user");
  for (i = 0; i < reply.__sizeuser; i++) {
    cJSON *user = cJSON_CreateObject();
    cJSON_AddItemToArray(users, user);
    put(user, "name", reply.user[i].name);
    cJSON_AddBoolToObject(user, "online", reply.user[i].online);
  }
  return SOAP_OK;
}

CALL(send_attachment) {
  struct _ns4__SendAttachment request = {
      .recipient = text(in, "recipient"), .text = text(in, "text"), .fileName = text(in, "fileName"),
      .mediaType = text(in, "mediaType"), .clientMessageId = text(in, "clientMessageId")};
  struct _ns4__SendAttachmentResponse reply;
  request.content.__ptr =
      (unsigned char *)soap_base642s(soap, text(in, "content"), NULL, 0, &request.content.__size);
  request.content.type = "application/octet-stream"; /* a part of its own: MTOM */
  if (soap_call___ns4__SendAttachment(soap, to, NULL, &request, &reply)) return soap->error;
  cJSON_AddNumberToObject(out, "messageId", (double)reply.messageId);
  put(out, "clientMessageId", reply.clientMessageId);
  return SOAP_OK;
}

CALL(get_attachment) {
  struct _ns4__GetAttachment request = {.seq = number(in, "seq")};
  struct _ns4__GetAttachmentResponse reply;
  if (soap_call___ns4__GetAttachment(soap, to, NULL, &request, &reply)) return soap->error;
  put(out, "fileName", reply.fileName);
  put(out, "mediaType", reply.mediaType);
  cJSON_AddNumberToObject(out, "size", (double)reply.size);
  put(out, "sha256", reply.sha256);
  put(out, "content", soap_s2base64(soap, reply.content.__ptr, NULL, reply.content.__size));
  return SOAP_OK;
}

static const struct {
  const char *name;
  int (*call)(struct soap *, const char *, const cJSON *, cJSON *);
} OPERATIONS[] = {
    {"remove_spaces", remove_spaces}, {"remove", remove_runs},     {"Register", register_user},
    {"Unregister", unregister},       {"Send", send_text},         {"Receive", receive},
    {"Acknowledge", acknowledge},     {"GetMessageStatus", get_message_status}, {"ListUsers", list_users},
    {"SendAttachment", send_attachment}, {"GetAttachment", get_attachment},
};

/* A fault by the member of the detail that gSOAP filled: its type is the fault's. */
static int typed_fault(struct soap *soap, cJSON *answer) {
  struct SOAP_ENV__Detail *detail = soap->fault->SOAP_ENV__Detail ? soap->fault->SOAP_ENV__Detail : soap->fault->detail;
  cJSON *fault, *fields;
  if (detail == NULL) return 0;
  fault = cJSON_AddObjectToObject(answer, "fault");
  put(fault, "reason", soap_fault_string(soap));
  fields = cJSON_AddObjectToObject(fault, "detail");
#define FAULT(prefix, type)                                              \
  if (detail->prefix##__##type) {                                        \
    put(fault, "name", #type);                                           \
    put(fields, "correlationId", detail->prefix##__##type->correlationId); \
  }
  FAULT(ns3, problem)
  FAULT(ns4, AttachmentNotFound)
  FAULT(ns4, AttachmentTooLarge)
  FAULT(ns4, InvalidRequest)
  FAULT(ns4, MailboxFull)
  FAULT(ns4, MessageNotFound)
  FAULT(ns4, MessageTooLong)
  FAULT(ns4, NotAllowed)
  FAULT(ns4, NotAuthenticated)
  FAULT(ns4, TemporarilyUnavailable)
  FAULT(ns4, UserAlreadyConnected)
  FAULT(ns4, UserExists)
  FAULT(ns4, UserNotFound)
  if (detail->ns4__MessageTooLong)
    cJSON_AddNumberToObject(fields, "maxTextBytes", detail->ns4__MessageTooLong->maxTextBytes);
  if (detail->ns4__AttachmentTooLarge)
    cJSON_AddNumberToObject(fields, "maxAttachmentBytes", (double)detail->ns4__AttachmentTooLarge->maxAttachmentBytes);
  return 1;
}

/* The version of SOAP is that of the table's first two namespaces. What soapcpp2 makes of a WSDL with both is 1.2. */
static struct Namespace soap11[sizeof namespaces / sizeof *namespaces];

static void make_soap11(void) {
  memcpy(soap11, namespaces, sizeof namespaces);
  soap11[0].ns = "http://schemas.xmlsoap.org/soap/envelope/";
  soap11[1].ns = "http://schemas.xmlsoap.org/soap/encoding/";
}

static cJSON *answer_to(const cJSON *asked) {
  struct soap *soap = soap_new1(SOAP_C_UTFSTRING | SOAP_ENC_MTOM);
  cJSON *answer = cJSON_CreateObject(), *result = cJSON_CreateObject();
  char *to = strdup(text(asked, "wsdl"));
  size_t i, count = sizeof OPERATIONS / sizeof *OPERATIONS;
  *strchr(to, '?') = '\0';
  soap_set_namespaces(soap, strcmp(text(asked, "version"), "1.2") ? soap11 : namespaces);
  soap->userid = text(asked, "user");
  soap->passwd = text(asked, "password");
  for (i = 0; i < count && strcmp(OPERATIONS[i].name, text(asked, "operation")); i++) continue;
  if (i == count) {
    put(answer, "error", "no such operation");
  } else if (OPERATIONS[i].call(soap, to, cJSON_GetObjectItem(asked, "input"), result) == SOAP_OK) {
    cJSON_AddItemToObject(answer, "result", result);
  } else if (!soap->fault || !typed_fault(soap, answer)) {
    char error[1024];
    soap_sprint_fault(soap, error, sizeof error);
    put(answer, "error", error);
  }
  soap_destroy(soap);
  soap_end(soap);
  soap_free(soap);
  free(to);
  return answer;
}

int main(void) {
  char *line = NULL;
  size_t size = 0;
  make_soap11();
  while (getline(&line, &size, stdin) > 0) {
    cJSON *asked = cJSON_Parse(line), *answer = answer_to(asked);
    puts(cJSON_PrintUnformatted(answer));
    fflush(stdout);
    cJSON_Delete(asked);
    cJSON_Delete(answer);
  }
  return 0;
}
