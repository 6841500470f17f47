#!/usr/bin/env python3
"""A stand-in for the original C server, with its habits and its faults (wire-protocol 1):

- requests are read in the accept loop, byte by byte up to NUL or newline, so a silent connection stops everything;
- names are cut at 49 bytes and texts at 255, wherever that is, also inside a character; nothing is refused for its length;
- CONNECT is answered at once, then it sleeps for a second before it pushes what waits;
- a push is a connection that is dialled, written and closed, without a look at what the client does;
- what waits reaches the recipient only while its sender is connected, and receipts for an absent sender are lost;
- a SEND connection is never closed; everything is lost at exit.

usage: original-server.py PORT      (0: any; the port is printed as `s> init server 127.0.0.1:PORT`)
"""

import socket
import sys
import threading
import time

FIELDS = {"REGISTER": 1, "UNREGISTER": 1, "CONNECT": 2, "DISCONNECT": 1, "SEND": 3}
NAME, TEXT = 49, 255

lock = threading.Lock()
users = {}  # name: {"address": (host, port) or None, "pending": [(sender, id, text)]}
next_id = 0
never_closed = []


def read_field(connection, most):
    field = b""
    while True:
        byte = connection.recv(1)
        if byte in (b"", b"\0", b"\n"):
            return field[:most]
        field += byte


def push(address, *fields):
    try:
        with socket.create_connection(address, timeout=5) as connection:
            for field in fields:
                connection.sendall(field + b"\0")
        return True
    except OSError:
        return False


def push_message(recipient, message):
    sender, number, text = message
    user = users.get(recipient)
    if user is None or user["address"] is None:
        return False
    if not push(user["address"], b"SEND_MESSAGE", sender, str(number).encode(), text):
        user["address"] = None
        return False
    author = users.get(sender)
    if author is not None and author["address"] is not None:
        push(author["address"], b"SEND_MESS_ACK", str(number).encode())
    return True


def push_pending(name):
    time.sleep(1)  # the original client listens only after it has read the reply
    user = users.get(name)
    while user is not None and user["pending"]:
        author = users.get(user["pending"][0][0])
        if author is None or author["address"] is None or not push_message(name, user["pending"][0]):
            return
        user["pending"].pop(0)


def serve(connection, peer, operation, fields):
    global next_id
    reply, then = b"\0", None
    with lock:
        name = fields[0]
        user = users.get(name)
        if operation == "REGISTER":
            if user is None:
                users[name] = {"address": None, "pending": []}
            else:
                reply = b"\1"
        elif operation == "SEND":
            recipient = users.get(fields[1])
            if user is None or recipient is None:
                reply = b"\1"
            elif user["address"] is None:
                reply = b"\2"
            else:
                message = (name, next_id, fields[2])
                reply = b"\0" + str(next_id).encode() + b"\0"
                next_id += 1

                def then():
                    if not push_message(fields[1], message):
                        recipient["pending"].append(message)

        elif user is None:
            reply = b"\1"
        elif operation == "UNREGISTER":
            del users[name]
        elif operation == "CONNECT":
            if user["address"] is not None:
                reply = b"\2"
            else:
                user["address"] = (peer[0], int(fields[1]))
                then = lambda: push_pending(name)
        elif operation == "DISCONNECT":
            if user["address"] is None:
                reply = b"\2"
            else:
                user["address"] = None
    connection.sendall(reply)
    if operation == "SEND":
        never_closed.append(connection)
    else:
        connection.close()
    if then is not None:
        then()


def main():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(sys.argv[1])))
    listener.listen(16)
    print("s> init server 127.0.0.1:%d" % listener.getsockname()[1], flush=True)
    while True:
        connection, peer = listener.accept()
        operation = read_field(connection, 32).decode("latin-1")
        if operation not in FIELDS:
            connection.close()
            continue
        fields = [read_field(connection, TEXT if at == 2 else NAME) for at in range(FIELDS[operation])]
        threading.Thread(target=serve, args=(connection, peer, operation, fields), daemon=True).start()


main()
