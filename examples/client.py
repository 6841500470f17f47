#!/usr/bin/env python3
"""A client of the session protocol: python3 client.py HOST PORT USER"""
import itertools, secrets, socket, sys

COUNTS = {"SESSION": 4, "OK": 2, "FAULT": 3, "SEND_MESSAGE": 5, "SEND_MESS_ATTACH": 9,
          "SEND_MESS_ACK": 4, "PING": 1, "BYE": 1}

def fields(connection):
    rest = b""
    while chunk := connection.recv(65536):
        *complete, rest = (rest + chunk).split(b"\0")
        yield from (field.decode() for field in complete)

host, port, user = sys.argv[1:]
connection = socket.create_connection((host, int(port)))
stream = fields(connection)
refs = (f"{secrets.token_hex(8)}-{n}" for n in itertools.count())  # unique, also after a restart

def send(*frame):
    connection.sendall("".join(f"{field}\0" for field in frame).encode())

send("SESSION", 1)
send("REGISTER", next(refs), user, "")  # an open account; a FAULT if it is there already
send("CONNECT", next(refs), user, "")
send("SEND", next(refs), user, "note to self")
for operation in stream:
    values = list(itertools.islice(stream, COUNTS[operation]))
    print(operation, *values)
    if operation == "PING":
        send("PONG", values[0])
    if operation in ("SEND_MESSAGE", "SEND_MESS_ACK"):
        send("ACK", values[0])
    if operation in ("SEND_MESS_ACK", "BYE"):
        break
