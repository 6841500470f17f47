using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Reflection;
using System.Text;
using System.Web.Services.Protocols;
using System.Xml;
using System.Xml.Serialization;

/// <summary>
/// Calls what it is told to with the proxies that the tool `wsdl` made (System.Web.Services, that is ASP.NET's web services). Methods
/// and fields are found by their names, so that this program is for any service.
/// </summary>
static class AspNetClient
{
    static void Main()
    {
        AnswerCalls.Of(Answer);
    }

    static Dictionary<string, object> Answer(Dictionary<string, object> asked)
    {
        var type = Type.GetType("Soap" + ((string)asked["version"]).Replace(".", "") + "." + asked["service"]);
        var proxy = (SoapHttpClientProtocol)Activator.CreateInstance(type);
        proxy.Url = ((string)asked["wsdl"]).Replace("?wsdl", "");
        if (asked.ContainsKey("user")) ((IAuthorized)proxy).Authorization = Basic(asked["user"] + ":" + asked["password"]);
        var method = type.GetMethod((string)asked["operation"]);
        var parameters = method.GetParameters();
        var input = (Dictionary<string, object>)asked["input"];
        var values = parameters.Select(parameter => Value(parameter, input)).ToArray();
        try
        {
            var returned = method.Invoke(proxy, values);
            var result = new Dictionary<string, object>();
            if (method.ReturnType != typeof(void)) result[ResultName(method)] = AnswerCalls.Plain(returned);
            for (var i = 0; i < values.Length; i++)
                if (parameters[i].ParameterType.IsByRef) result[parameters[i].Name] = AnswerCalls.Plain(values[i]);
            return AnswerCalls.Named("result", result);
        }
        catch (TargetInvocationException thrown) when (thrown.InnerException is SoapException)
        {
            // `wsdl` makes no classes of declared faults: their details are XML.
            var fault = (SoapException)thrown.InnerException;
            var detail = fault.Detail.OfType<XmlElement>().First();
            var fields = detail.OfType<XmlElement>().ToDictionary(field => field.LocalName, field => field.InnerText);
            return AnswerCalls.Fault(detail.LocalName, fault.Message, fields);
        }
    }

    static string Basic(string credential)
    {
        return "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(credential));
    }

    /// <summary>What goes in for a parameter. Where a reply has several fields, all but the first come out by reference.</summary>
    static object Value(ParameterInfo parameter, Dictionary<string, object> input)
    {
        var type = parameter.ParameterType;
        return AnswerCalls.Field(input, parameter.Name, type.IsByRef ? type.GetElementType() : type);
    }

    /// <summary>`wsdl` names a reply's first field where it is not called as ASP.NET would call it.</summary>
    static string ResultName(MethodInfo method)
    {
        var name = method.ReturnParameter.GetCustomAttribute<XmlElementAttribute>()?.ElementName;
        return string.IsNullOrEmpty(name) ? method.Name + "Result" : name;
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
