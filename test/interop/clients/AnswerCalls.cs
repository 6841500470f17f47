using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;
using System.Web.Script.Serialization;

/// <summary>What the clients in C# have in common. See ../clients.ts for what they read and write.</summary>
static class AnswerCalls
{
    /// <summary>Answers every call of standard input.</summary>
    public static void Of(Func<Dictionary<string, object>, Dictionary<string, object>> answer)
    {
        var json = new JavaScriptSerializer { MaxJsonLength = int.MaxValue };
        var utf8 = new UTF8Encoding(false);
        var input = new StreamReader(Console.OpenStandardInput(), utf8);
        var output = new StreamWriter(Console.OpenStandardOutput(), utf8) { AutoFlush = true, NewLine = "\n" };
        for (string line; (line = input.ReadLine()) != null;)
        {
            Dictionary<string, object> answered;
            try { answered = answer((Dictionary<string, object>)json.DeserializeObject(line)); }
            catch (Exception error) { answered = Named("error", error.ToString()); }
            output.WriteLine(json.Serialize(answered));
        }
    }

    /// <summary>The field of that name as this type; null where there is none.</summary>
    public static object Field(Dictionary<string, object> input, string name, Type type)
    {
        object given;
        if (!input.TryGetValue(name, out given) || given == null) return null;
        return type == typeof(byte[]) ? Convert.FromBase64String((string)given) : Convert.ChangeType(given, type);
    }

    /// <summary>What JSON can say of a value; of an object, its public fields and properties.</summary>
    public static object Plain(object value)
    {
        if (value == null || value is string || value is bool || value is long || value is int) return value;
        if (value is DateTime) return ((DateTime)value).ToUniversalTime().ToString("o");
        if (value is byte[]) return Convert.ToBase64String((byte[])value);
        if (value is Enum) return value.ToString();
        if (value is IEnumerable) return ((IEnumerable)value).Cast<object>().Select(Plain).ToArray();
        var type = value.GetType();
        var members = type.GetFields().ToDictionary(field => field.Name, field => field.GetValue(value));
        foreach (var property in type.GetProperties()) members[property.Name] = property.GetValue(value);
        return members.Where(member => member.Value != null).ToDictionary(member => member.Key, member => Plain(member.Value));
    }

    public static Dictionary<string, object> Named(string name, object value)
    {
        return new Dictionary<string, object> { [name] = value };
    }

    public static Dictionary<string, object> Fault(string name, string reason, object detail)
    {
        return Named("fault", new Dictionary<string, object> { ["name"] = name, ["reason"] = reason, ["detail"] = detail });
    }
}
