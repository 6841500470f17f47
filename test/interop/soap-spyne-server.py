"""The original's text service: Spyne, on a free port of 127.0.0.1, which it prints."""

import re
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from spyne import Application, ServiceBase, Unicode, rpc
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication


class TextService(ServiceBase):
    @rpc(Unicode, _returns=Unicode)
    def remove(ctx, string):
        return re.sub(r"\s\s+", " ", string)


class Handler(WSGIRequestHandler):
    def log_message(self, *_):
        pass


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


application = Application(
    [TextService],
    "http://tests.python-zeep.org/",
    in_protocol=Soap11(validator="lxml"),
    out_protocol=Soap11(),
)
server = make_server("127.0.0.1", 0, WsgiApplication(application), Server, Handler)
print(server.server_port, flush=True)
server.serve_forever()
