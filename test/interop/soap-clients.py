"""Calls a text service as programs do: the URL of its WSDL, no options.

  soap-clients.py zeep|zeep12|suds URL

Reads JSON lines {"operation": …, "string": …} from standard input, answers each with a JSON line:
{"result": …} or {"fault": …, "detail": …}.
"""

import json
import sys


def zeep_calls(url, port=None):
    import zeep
    import zeep.exceptions

    client = zeep.Client(url)
    service = client.service if port is None else client.bind("Text", port)

    def call(operation, string):
        try:
            return {"result": getattr(service, operation)(string)}
        except zeep.exceptions.Fault as fault:
            names = [child.tag.rpartition("}")[2] for child in fault.detail]
            return {"fault": fault.message, "detail": names}

    return call


def suds_calls(url):
    import suds
    from suds.client import Client

    client = Client(url, cache=None)

    def call(operation, string):
        try:
            result = getattr(client.service, operation)(string)
            return {"result": None if result is None else str(result)}
        except suds.WebFault as fault:
            return {"fault": str(fault.fault.faultstring), "detail": [name for name, _ in fault.fault.detail]}

    return call


CLIENTS = {
    "zeep": zeep_calls,
    "zeep12": lambda url: zeep_calls(url, "TextSoap12"),
    "suds": suds_calls,
}

call = CLIENTS[sys.argv[1]](sys.argv[2])
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps(call(asked["operation"], asked["string"])), flush=True)
