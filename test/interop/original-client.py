#!/usr/bin/env python3
"""A stand-in for the original Python client, with its habits (wire-protocol 1):

- a connection per command; `OP\\0` and each field go out in sends of their own;
- every field passes through the text service's `remove` (zeep, WSDL read without options) before it is sent;
- the reply is read with recv(1), the id of a SEND byte by byte up to NUL;
- at CONNECT it binds a port, sends it, and calls listen() only after it has read the reply, in a thread;
  one push at a time is read byte by byte up to NUL, printed, and closed;
- a mistyped command opens a connection, sends nothing and never closes it.

usage: original-client.py -s HOST -p PORT --soap URL
"""

import argparse
import socket
import threading

import zeep

parser = argparse.ArgumentParser()
parser.add_argument("-s", required=True)
parser.add_argument("-p", type=int, required=True)
parser.add_argument("--soap", default="http://localhost:8080/?wsdl")
options = parser.parse_args()

soap = zeep.Client(options.soap)
listener = None
name = None
never_closed = []


def say(text):
    print(text, flush=True)


def dial():
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.connect((options.s, options.p))
    return connection


def send_field(connection, field):
    connection.sendall(soap.service.remove(field).encode() + b"\0")


def read_field(connection):
    field = b""
    while True:
        byte = connection.recv(1)
        if byte in (b"\0", b""):
            return field.decode()
        field += byte


def ask(operation, *fields):
    connection = dial()
    connection.sendall(operation.encode() + b"\0")
    for field in fields:
        send_field(connection, field)
    return connection


def code_of(connection):
    reply = connection.recv(1)
    connection.close()
    return reply[0] if reply else 255


def register(user):
    say({0: "REGISTER OK", 1: "USERNAME IN USE"}.get(code_of(ask("REGISTER", user)), "REGISTER FAIL"))


def unregister(user):
    code = code_of(ask("UNREGISTER", user))
    say({0: "UNREGISTER OK", 1: "USER DOES NOT EXIST"}.get(code, "UNREGISTER FAIL"))


def receive_pushes(sock):
    sock.listen(1)
    while True:
        try:
            connection, _ = sock.accept()
        except OSError:
            return
        operation = read_field(connection)
        if operation == "SEND_MESSAGE":
            sender, number, text = (read_field(connection) for _ in range(3))
            say("MESSAGE %s FROM %s :\n  %s\nEND" % (number, sender, text))
        elif operation == "SEND_MESS_ACK":
            say("SEND MESSAGE id %s OK" % read_field(connection))
        connection.close()


def connect(user):
    global listener, name
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.bind(("localhost", 0))
    code = code_of(ask("CONNECT", user, str(sock.getsockname()[1])))
    if code == 0:
        listener, name = sock, user
        threading.Thread(target=receive_pushes, args=(sock,), daemon=True).start()
    else:
        sock.close()
    words = {0: "CONNECT OK", 1: "CONNECT FAIL , USER DOES NOT EXIST", 2: "USER ALREADY CONNECTED"}
    say(words.get(code, "CONNECT FAIL"))


def disconnect(user):
    global listener
    code = code_of(ask("DISCONNECT", user))
    if code == 0 and listener is not None:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        listener = None
    words = {
        0: "DISCONNECT OK",
        1: "DISCONNECT FAIL / USER DOES NOT EXIST",
        2: "DISCONNECT FAIL / USER NOT CONNECTED",
    }
    say(words.get(code, "DISCONNECT FAIL"))


def send(user, text):
    connection = ask("SEND", name or "", user, text)
    code = connection.recv(1)
    if code == b"\0":
        say("SEND OK - MESSAGE id %s" % read_field(connection))
    else:
        say("SEND FAIL / USER DOES NOT EXIST" if code == b"\1" else "SEND FAIL")
    connection.close()


ONE_FIELD = {"REGISTER": register, "UNREGISTER": unregister, "CONNECT": connect, "DISCONNECT": disconnect}

while True:
    try:
        line = input("c> ").split(" ")
    except EOFError:
        break
    line[0] = line[0].upper()
    if line[0] in ONE_FIELD:
        if len(line) == 2:
            ONE_FIELD[line[0]](line[1])
        else:
            say("Syntax error. Usage: %s <userName>" % line[0])
    elif line[0] == "SEND":
        if len(line) >= 3:
            send(line[1], " ".join(line[2:]))
        else:
            say("Syntax error. Usage: SEND <userName> <message>")
    elif line[0] == "QUIT":
        if len(line) == 1:
            break
        say("Syntax error. Use: QUIT")
    else:
        never_closed.append(dial())
        say("Error: command %s not valid." % line[0])

say("+++ FINISHED +++")
