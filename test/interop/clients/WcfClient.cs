using System;
using System.Collections.Generic;
using System.Reflection;
using System.Runtime.Serialization;
using System.ServiceModel;
using System.ServiceModel.Channels;
using System.Xml;

/// <summary>
/// Calls what it is told to with WCF and the contracts of WcfContracts.cs. Methods and fields are found by their names, so that
/// this program is for any service.
/// </summary>
static class WcfClient
{
    const string Wsse = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";

    static void Main()
    {
        AnswerCalls.Of(Answer);
    }

    static Dictionary<string, object> Answer(Dictionary<string, object> asked)
    {
        var contract = Type.GetType(asked["service"] + ".IPort");
        var method = contract.GetMethod((string)asked["operation"]);
        var request = Request(method.GetParameters()[0].ParameterType, (Dictionary<string, object>)asked["input"]);
        var channel = (IContextChannel)typeof(WcfClient).GetMethod("Channel").MakeGenericMethod(contract)
            .Invoke(null, new object[] { ((string)asked["wsdl"]).Replace("?wsdl", "") });
        using (new OperationContextScope(channel))
        {
            if (asked.ContainsKey("user")) SayWho((string)asked["user"], (string)asked["password"]);
            try
            {
                return AnswerCalls.Named("result", AnswerCalls.Plain(method.Invoke(channel, new[] { request })));
            }
            // A fault that the contract declares is of its detail's type; any other is not generic.
            catch (TargetInvocationException thrown) when (thrown.InnerException.GetType().IsGenericType)
            {
                var fault = thrown.InnerException;
                var detail = fault.GetType().GetProperty("Detail").GetValue(fault);
                return AnswerCalls.Fault(detail.GetType().Name, fault.Message, AnswerCalls.Plain(detail));
            }
        }
    }

    public static IContextChannel Channel<T>(string address)
    {
        // Without these, an answer has 64 KiB at most and a string in it 8 KiB.
        var binding = new BasicHttpBinding { MaxReceivedMessageSize = 10000000, ReaderQuotas = XmlDictionaryReaderQuotas.Max };
        return (IContextChannel)new ChannelFactory<T>(binding, new EndpointAddress(address)).CreateChannel();
    }

    /// <summary>WCF makes a UsernameToken of its own over https alone; so it is a header like any other.</summary>
    static void SayWho(string user, string password)
    {
        var security = new Security { UsernameToken = new UsernameToken { Username = user, Password = password } };
        OperationContext.Current.OutgoingMessageHeaders.Add(MessageHeader.CreateHeader("Security", Wsse, security, true));
    }

    static object Request(Type type, Dictionary<string, object> input)
    {
        var request = Activator.CreateInstance(type);
        foreach (var field in type.GetFields()) field.SetValue(request, AnswerCalls.Field(input, field.Name, field.FieldType));
        return request;
    }

    [DataContract(Namespace = Wsse)]
    class Security
    {
        [DataMember] public UsernameToken UsernameToken;
    }

    [DataContract(Namespace = Wsse)]
    class UsernameToken
    {
        [DataMember(Order = 0)] public string Username;
        [DataMember(Order = 1)] public string Password;
    }
}
