"""remove_spaces by Spyne, for gunicorn: `gunicorn spyne_text:application`."""

from spyne import Application, ServiceBase, Unicode, rpc
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication


class TextService(ServiceBase):
    @rpc(Unicode, _returns=Unicode)
    def remove_spaces(ctx, string):
        return " ".join(string.split())


application = WsgiApplication(
    Application(
        [TextService],
        "urn:dms:text:1",
        in_protocol=Soap11(validator="lxml"),
        out_protocol=Soap11(),
    )
)
