"""Calls what it is told to with suds. See ../clients.ts for what it reads and writes."""

import datetime
import json
import sys
from functools import cache

import suds
from suds.client import Client
from suds.sudsobject import Object
from suds.wsse import Security, UsernameToken


@cache
def client_of(wsdl, user, password):
    client = Client(wsdl, cache=None)
    if user:
        security = Security()
        security.tokens.append(UsernameToken(user, password))
        client.set_options(wsse=security)
    return client


def plain(value):
    """What JSON can say of a suds value."""
    if isinstance(value, Object):
        return {name: plain(inner) for name, inner in value if inner is not None}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, str):
        return str(value)
    return value


def answer(asked):
    client = client_of(asked["wsdl"], asked.get("user"), asked.get("password"))
    method = getattr(client.service, asked["operation"])
    try:
        value = method(**asked["input"])
    except suds.WebFault as fault:
        [(name, detail)] = list(fault.fault.detail)
        return {"fault": {"name": name, "reason": str(fault.fault.faultstring), "detail": plain(detail)}}
    # suds leaves out the wrapper around a single element.
    returned = method.method.binding.output.returned_types(method.method)
    value = plain(value)
    if len(returned) == 1 and returned[0].name:
        value = {returned[0].name: value}
    return {"result": {} if value is None else value}


for line in sys.stdin:
    try:
        answered = answer(json.loads(line))
    except Exception as error:
        answered = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answered), flush=True)
