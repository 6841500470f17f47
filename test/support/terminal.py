"""Runs a command in a pseudo-terminal: what comes on standard input is typed, what the terminal shows goes to
standard output, and the exit code is the command's (128 and the number, if a signal ended it).

Ending it with SIGTERM hangs the terminal up.

usage: terminal.py COLUMNS COMMAND ARGUMENT...
"""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios

child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])

signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGHUP))
sources = [0, terminal]
while True:
    for source in select.select(sources, [], [])[0]:
        try:
            read = os.read(source, 65536)
        except OSError:  # EIO: the command is gone, and the terminal with it
            read = b""
        if source == 0 and not read:
            sources.remove(0)
        elif source == 0:
            os.write(terminal, read)
        elif read:
            os.write(1, read)
        else:
            status = os.waitpid(child, 0)[1]
            sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
