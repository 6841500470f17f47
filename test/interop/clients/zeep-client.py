"""Calls what it is told to with zeep. See ../clients.ts for what it reads and writes."""

import base64
import datetime
import json
import sys
from functools import cache

import zeep
import zeep.exceptions
from zeep.helpers import serialize_object
from zeep.wsdl.bindings import Soap12Binding
from zeep.wsse.username import UsernameToken


@cache
def client_of(wsdl, user, password):
    return zeep.Client(wsdl, wsse=UsernameToken(user, password) if user else None)


def service_of(client, name, version):
    """SOAP 1.1 needs no choice; 1.2 is the port whose binding says so."""
    if version == "1.1":
        return client.service
    ports = client.wsdl.services[name].ports
    return client.bind(name, next(port for port in ports if isinstance(ports[port].binding, Soap12Binding)))


def plain(value):
    """What JSON can say of a zeep value."""
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def fields(client, element, value):
    """The fields of an element by name; zeep leaves out the wrapper around a single one."""
    names = [name for name, _ in element.type.elements]
    value = plain(serialize_object(value, dict))
    return value if isinstance(value, dict) and len(names) != 1 else {names[0]: value} if names else {}


def answer(asked):
    client = client_of(asked["wsdl"], asked.get("user"), asked.get("password"))
    service = service_of(client, asked["service"], asked["version"])
    operation = asked["operation"]
    given = asked["input"]
    if "content" in given:
        given["content"] = base64.b64decode(given["content"])
    try:
        value = service[operation](**given)
    except zeep.exceptions.Fault as fault:
        # As it is in the WSDL: an element that zeep knows, with a value of its type.
        detail = fault.detail[0]
        element = client.get_element(detail.tag)
        typed = element.parse(detail, client.wsdl.types)
        return {
            "fault": {
                "name": element.name,
                "reason": fault.message,
                "detail": plain(serialize_object(typed, dict)),
            }
        }
    output = service._binding.get(operation).output.body
    return {"result": fields(client, output, value)}


for line in sys.stdin:
    try:
        answered = answer(json.loads(line))
    except Exception as error:
        answered = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answered), flush=True)
