//gsoap ns service name: text
//gsoap ns service style: document
//gsoap ns service encoding: literal
//gsoap ns service namespace: urn:dms:text:1
//gsoap ns schema namespace: urn:dms:text:1
//gsoap ns schema elementForm: qualified
//gsoap ns service method-action: remove_USCOREspaces urn:dms:text:1/remove_spaces
int ns__remove_USCOREspaces(char *string, char **remove_USCOREspacesResult);
