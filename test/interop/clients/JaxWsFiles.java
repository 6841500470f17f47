import dms.messaging._1.*;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.activation.DataHandler;
import javax.activation.FileDataSource;
import javax.xml.ws.BindingProvider;
import javax.xml.ws.Holder;
import javax.xml.ws.handler.MessageContext;
import javax.xml.ws.soap.MTOMFeature;

/** JaxWsFiles WSDL FILE LARGE FOLDER: ada sends FILE to bob in every way, bob writes what he got into FOLDER; LARGE is too large. */
public class JaxWsFiles {
  static Messaging as(MessagingService service, String version, boolean mtom, String user) {
    MTOMFeature feature = new MTOMFeature(mtom);
    Messaging port = version.equals("1.1") ? service.getMessagingSoap11(feature) : service.getMessagingSoap12(feature);
    Map<String, Object> context = ((BindingProvider) port).getRequestContext();
    context.put(BindingProvider.USERNAME_PROPERTY, user);
    context.put(BindingProvider.PASSWORD_PROPERTY, "secret of " + user);
    // Else JAX-WS keeps all that it sends in memory.
    context.put("com.sun.xml.ws.transport.http.client.streaming.chunk.size", 8192);
    return port;
  }

  static String typeOf(Messaging port) {
    Object headers = ((BindingProvider) port).getResponseContext().get(MessageContext.HTTP_RESPONSE_HEADERS);
    String type = ((Map<String, List<String>>) headers).get("Content-type").get(0);
    return type.substring(0, type.indexOf(';'));
  }

  public static void main(String[] args) throws Exception {
    MessagingService service = new MessagingService(new URL(args[0]));
    for (String version : List.of("1.1", "1.2")) {
      for (boolean mtom : List.of(true, false)) {
        Messaging ada = as(service, version, mtom, "ada");
        Messaging bob = as(service, version, mtom, "bob");
        String way = version + (mtom ? "-mtom" : "-inline");
        Holder<String> id = new Holder<>(way);
        DataHandler file = new DataHandler(new FileDataSource(args[1]));
        ada.sendAttachment("bob", "the plan", "plan \u00e9.bin", null, file, id, new Holder<>());
        Entry entry = bob.receive(1, 10).get(0);
        Holder<String> name = new Holder<>(), media = new Holder<>(), sha256 = new Holder<>();
        Holder<Long> size = new Holder<>();
        Holder<DataHandler> content = new Holder<>();
        bob.getAttachment(entry.getSeq(), name, media, size, sha256, content);
        String type = typeOf(bob);
        try (var out = Files.newOutputStream(Path.of(args[3], way))) {
          content.value.writeTo(out);
        }
        bob.acknowledge(entry.getSeq());
        System.out.println(String.join("|", way, name.value, String.valueOf(media.value), size.value.toString(), sha256.value, type));
      }
      try {
        as(service, version, true, "ada").sendAttachment("bob", null, "large", null, new DataHandler(new FileDataSource(args[2])), new Holder<>(), new Holder<>());
        System.out.println("taken");
      } catch (AttachmentTooLargeFault fault) {
        System.out.println("AttachmentTooLarge " + fault.getFaultInfo().getMaxAttachmentBytes());
      }
    }
  }
}
