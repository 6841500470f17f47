using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Reflection;
using System.Text;
using System.Web.Script.Serialization;
using System.Web.Services.Protocols;
using System.Xml;
using System.Xml.Serialization;

/// <summary>
/// Calls what it is told to with the proxies that the tool `wsdl` made (System.Web.Services, that is ASP.NET's web services).
/// See ../clients.ts for what it reads and writes. Methods and fields are found by their names, so that this program is for any service.
/// </summary>
static class AspNetClient
{
    static readonly JavaScriptSerializer Json = new JavaScriptSerializer { MaxJsonLength = int.MaxValue };

    static void Main()
    {
        var input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));
        var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true, NewLine = "\n" };
        for (string line; (line = input.ReadLine()) != null;)
        {
            Dictionary<string, object> answer;
            try { answer = Answer((Dictionary<string, object>)Json.DeserializeObject(line)); }
            catch (Exception error) { answer = Named("error", error.ToString()); }
            output.WriteLine(Json.Serialize(answer));
        }
    }

    static Dictionary<string, object> Answer(Dictionary<string, object> asked)
    {
        var type = Type.GetType("Soap" + ((string)asked["version"]).Replace(".", "") + "." + asked["service"]);
        var proxy = (SoapHttpClientProtocol)Activator.CreateInstance(type);
        proxy.Url = ((string)asked["wsdl"]).Replace("?wsdl", "");
        object user;
        if (asked.TryGetValue("user", out user)) ((IAuthorized)proxy).Authorization = Basic(user + ":" + asked["password"]);
        var method = type.GetMethod((string)asked["operation"]);
        var parameters = method.GetParameters();
        var input = (Dictionary<string, object>)asked["input"];
        var values = parameters.Select(parameter => Value(parameter, input)).ToArray();
        try
        {
            var returned = method.Invoke(proxy, values);
            var result = new Dictionary<string, object>();
            if (method.ReturnType != typeof(void))
                result[Name(method.ReturnParameter) ?? method.Name + "Result"] = Plain(returned);
            for (var i = 0; i < values.Length; i++)
                if (parameters[i].ParameterType.IsByRef) result[parameters[i].Name] = Plain(values[i]);
            return Named("result", result);
        }
        catch (TargetInvocationException thrown) when (thrown.InnerException is SoapException)
        {
            return Named("fault", Fault((SoapException)thrown.InnerException));
        }
    }

    static string Basic(string credential)
    {
        return "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(credential));
    }

    /// <summary>A field's name in XML: `wsdl` gives it where it is not the method's parameter's.</summary>
    static string Name(ParameterInfo parameter)
    {
        var attribute = parameter.GetCustomAttribute<XmlElementAttribute>();
        return attribute == null || attribute.ElementName == "" ? parameter.Name : attribute.ElementName;
    }

    /// <summary>What goes in for a parameter. Where a reply has several fields, or one of a parameter's name, they come out by reference.</summary>
    static object Value(ParameterInfo parameter, Dictionary<string, object> input)
    {
        object given;
        if (parameter.IsOut || !input.TryGetValue(parameter.Name, out given) || given == null) return null;
        var type = parameter.ParameterType;
        if (type.IsByRef) type = type.GetElementType();
        return type == typeof(byte[]) ? Convert.FromBase64String((string)given) : Convert.ChangeType(given, type);
    }

    /// <summary>`wsdl` makes no classes of declared faults: their details are XML.</summary>
    static object Fault(SoapException fault)
    {
        var detail = fault.Detail.OfType<XmlElement>().First();
        return new Dictionary<string, object>
        {
            ["name"] = detail.LocalName,
            ["reason"] = fault.Message,
            ["detail"] = detail.OfType<XmlElement>().ToDictionary(field => field.LocalName, field => (object)field.InnerText),
        };
    }

    /// <summary>What JSON can say of a value.</summary>
    static object Plain(object value)
    {
        if (value == null || value is string || value is bool || value is long || value is int) return value;
        if (value is DateTime) return ((DateTime)value).ToUniversalTime().ToString("o");
        if (value is byte[]) return Convert.ToBase64String((byte[])value);
        if (value is Enum) return value.ToString();
        if (value is IEnumerable) return ((IEnumerable)value).Cast<object>().Select(Plain).ToArray();
        return value.GetType().GetProperties()
            .Where(property => property.GetValue(value) != null)
            .ToDictionary(property => property.Name, property => Plain(property.GetValue(value)));
    }

    static Dictionary<string, object> Named(string name, object value)
    {
        return new Dictionary<string, object> { [name] = value };
    }
}

/// <summary>
/// A proxy that says who calls from the first request on. `Credentials` would wait for a 401, with `PreAuthenticate` too, but this service
/// answers with a fault; so each proxy that `wsdl` made, a partial class, sets the header itself.
/// </summary>
interface IAuthorized
{
    string Authorization { set; }
}

namespace Soap11
{
    partial class MessagingService : IAuthorized
    {
        public string Authorization { private get; set; }

        protected override WebRequest GetWebRequest(Uri address)
        {
            var request = base.GetWebRequest(address);
            if (Authorization != null) request.Headers["Authorization"] = Authorization;
            return request;
        }
    }
}

namespace Soap12
{
    partial class MessagingService : IAuthorized
    {
        public string Authorization { private get; set; }

        protected override WebRequest GetWebRequest(Uri address)
        {
            var request = base.GetWebRequest(address);
            if (Authorization != null) request.Headers["Authorization"] = Authorization;
            return request;
        }
    }
}
