import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonDeserializationContext;
import com.google.gson.JsonDeserializer;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.JsonSerializationContext;
import com.google.gson.JsonSerializer;
import com.sun.xml.ws.util.ByteArrayDataSource;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import javax.activation.DataHandler;
import javax.jws.WebMethod;
import javax.jws.WebParam;
import javax.jws.WebResult;
import javax.xml.bind.annotation.XmlRootElement;
import javax.xml.datatype.XMLGregorianCalendar;
import javax.xml.ws.BindingProvider;
import javax.xml.ws.Holder;
import javax.xml.ws.Service;
import javax.xml.ws.WebEndpoint;
import javax.xml.ws.WebServiceFeature;
import javax.xml.ws.soap.MTOMFeature;

/**
 * Calls what it is told to with the proxies that wsimport made (JAX-WS). See ../clients.ts for what it reads and writes.
 * The calls are found by the annotations that wsimport wrote, so that this program is for any service.
 */
public class JaxWsClient {
  /** wsimport's Service classes, by the names of the services. */
  private static final Map<String, String> SERVICES =
      Map.of("Text", "dms.text._1.Text_Service", "MessagingService", "dms.messaging._1.MessagingService");

  private static final Gson GSON =
      new GsonBuilder()
          .disableHtmlEscaping()
          .registerTypeHierarchyAdapter(
              XMLGregorianCalendar.class,
              (JsonSerializer<XMLGregorianCalendar>) (time, type, context) -> new JsonPrimitive(time.toXMLFormat()))
          .registerTypeHierarchyAdapter(
              Enum.class,
              (JsonSerializer<Enum<?>>) (value, type, context) -> new JsonPrimitive(xmlValue(value)))
          .registerTypeHierarchyAdapter(DataHandler.class, new FileAdapter())
          .serializeNulls()
          .create();

  private static final Map<String, Object> PORTS = new HashMap<>();

  public static void main(String[] args) throws Exception {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line; (line = in.readLine()) != null; ) {
      JsonObject answer = new JsonObject();
      try {
        answer = answer(GSON.fromJson(line, JsonObject.class));
      } catch (Throwable error) {
        answer.addProperty("error", String.valueOf(error));
      }
      out.println(GSON.toJson(answer));
    }
  }

  private static JsonObject answer(JsonObject asked) throws Throwable {
    Object port = port(asked);
    String user = asked.has("user") ? asked.get("user").getAsString() : null;
    Map<String, Object> context = ((BindingProvider) port).getRequestContext();
    context.put(BindingProvider.USERNAME_PROPERTY, user);
    context.put(BindingProvider.PASSWORD_PROPERTY, user == null ? null : asked.get("password").getAsString());

    Method method = method(port, asked.get("operation").getAsString());
    Parameter[] parameters = method.getParameters();
    Object[] values = new Object[parameters.length];
    JsonObject input = asked.getAsJsonObject("input");
    for (int i = 0; i < values.length; i++) values[i] = value(parameters[i], input);

    JsonObject answer = new JsonObject();
    try {
      Object returned = method.invoke(port, values);
      JsonObject result = new JsonObject();
      if (method.getReturnType() != void.class)
        result.add(method.getAnnotation(WebResult.class).name(), GSON.toJsonTree(returned));
      for (int i = 0; i < values.length; i++)
        if (values[i] instanceof Holder<?> holder) result.add(name(parameters[i]), GSON.toJsonTree(holder.value));
      answer.add("result", result);
    } catch (InvocationTargetException thrown) {
      answer.add("fault", fault(thrown.getCause()));
    }
    return answer;
  }

  private static Object port(JsonObject asked) throws Exception {
    String wsdl = asked.get("wsdl").getAsString();
    String ending = "Soap" + asked.get("version").getAsString().replace(".", "");
    // Files go as parts of their own.
    boolean mtom = asked.get("operation").getAsString().endsWith("Attachment");
    String key = wsdl + ending + mtom;
    Object known = PORTS.get(key);
    if (known != null) return known;
    Class<?> type = Class.forName(SERVICES.get(asked.get("service").getAsString()));
    Service service = (Service) type.getConstructor(URL.class).newInstance(new URL(wsdl));
    Method getter =
        Arrays.stream(type.getMethods())
            .filter(method -> method.getParameterCount() == 1 && method.isAnnotationPresent(WebEndpoint.class))
            .filter(method -> method.getAnnotation(WebEndpoint.class).name().endsWith(ending))
            .findAny()
            .orElseThrow();
    var features = mtom ? new WebServiceFeature[] {new MTOMFeature()} : new WebServiceFeature[0];
    Object port = getter.invoke(service, (Object) features);
    PORTS.put(key, port);
    return port;
  }

  private static Method method(Object port, String operation) {
    return Arrays.stream(port.getClass().getInterfaces())
        .flatMap(type -> Arrays.stream(type.getMethods()))
        .filter(method -> method.isAnnotationPresent(WebMethod.class))
        .filter(method -> {
          String name = method.getAnnotation(WebMethod.class).operationName();
          return (name.isEmpty() ? method.getName() : name).equals(operation);
        })
        .findAny()
        .orElseThrow();
  }

  private static String name(Parameter parameter) {
    return parameter.getAnnotation(WebParam.class).name();
  }

  /** What goes in for a parameter. Where a reply has several fields, or one of a parameter's name, JAX-WS makes holders. */
  private static Object value(Parameter parameter, JsonObject input) {
    JsonElement given = input.get(name(parameter));
    if (parameter.getType() != Holder.class) return GSON.fromJson(given, parameter.getType());
    var type = ((ParameterizedType) parameter.getParameterizedType()).getActualTypeArguments()[0];
    return new Holder<Object>(GSON.fromJson(given, type));
  }

  /** A declared fault is an exception of a class of its own, with a bean. Anything else is thrown on. */
  private static JsonObject fault(Throwable cause) throws Throwable {
    Method info;
    try {
      info = cause.getClass().getMethod("getFaultInfo");
    } catch (NoSuchMethodException undeclared) {
      throw cause;
    }
    Object bean = info.invoke(cause);
    JsonObject fault = new JsonObject();
    fault.addProperty("name", bean.getClass().getAnnotation(XmlRootElement.class).name());
    fault.addProperty("reason", cause.getMessage());
    fault.add("detail", GSON.toJsonTree(bean));
    return fault;
  }

  /** A file is base64 in JSON. */
  private static class FileAdapter implements JsonSerializer<DataHandler>, JsonDeserializer<DataHandler> {
    @Override
    public JsonElement serialize(DataHandler file, Type type, JsonSerializationContext context) {
      try {
        return new JsonPrimitive(Base64.getEncoder().encodeToString(file.getInputStream().readAllBytes()));
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }

    @Override
    public DataHandler deserialize(JsonElement json, Type type, JsonDeserializationContext context) {
      byte[] bytes = Base64.getDecoder().decode(json.getAsString());
      return new DataHandler(new ByteArrayDataSource(bytes, "application/octet-stream"));
    }
  }

  /** An enumeration's value as XML has it; wsimport's constants are in capitals. */
  private static String xmlValue(Enum<?> constant) {
    try {
      return (String) constant.getClass().getMethod("value").invoke(constant);
    } catch (ReflectiveOperationException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
