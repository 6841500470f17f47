using System;
using System.Runtime.Serialization;
using System.ServiceModel;
using System.Xml.Serialization;

// The contracts of wsdl/, for WCF: by hand, since Mono's svcutil leaves out actions, lists, faults, and all but the first field of a reply.

namespace Text
{
    [ServiceContract(Namespace = "urn:dms:text:1")]
    public interface IPort
    {
        [OperationContract(Action = "urn:dms:text:1/remove_spaces", ReplyAction = "*"), XmlSerializerFormat]
        [FaultContract(typeof(Faults.problem))]
        remove_spacesResponse remove_spaces(remove_spaces request);

        [OperationContract(Action = "remove", ReplyAction = "*"), XmlSerializerFormat]
        [FaultContract(typeof(Faults.problem))]
        removeResponse remove(remove request);
    }

    [MessageContract]
    public class remove_spaces
    {
        [MessageBodyMember] public string @string;
    }

    [MessageContract]
    public class remove_spacesResponse
    {
        [MessageBodyMember] public string remove_spacesResult;
    }

    [MessageContract(WrapperNamespace = Names.Original)]
    public class remove
    {
        [MessageBodyMember(Namespace = Names.Original), XmlElement(IsNullable = true)] public string @string;
    }

    [MessageContract(WrapperNamespace = Names.Original)]
    public class removeResponse
    {
        [MessageBodyMember(Namespace = Names.Original), XmlElement(IsNullable = true)] public string removeResult;
    }

    static class Names
    {
        public const string Original = "http://tests.python-zeep.org/";
    }
}

namespace MessagingService
{
    static class Names
    {
        public const string Urn = "urn:dms:messaging:1";
    }

    [ServiceContract(Namespace = Names.Urn)]
    public interface IPort
    {
        [OperationContract(Action = Names.Urn + "/Register", ReplyAction = "*"), XmlSerializerFormat]
        [FaultContract(typeof(UserExists))]
        [FaultContract(typeof(InvalidRequest)), FaultContract(typeof(NotAuthenticated)), FaultContract(typeof(NotAllowed))]
        [FaultContract(typeof(TemporarilyUnavailable)), FaultContract(typeof(Faults.problem))]
        RegisterResponse Register(Register request);

        [OperationContract(Action = Names.Urn + "/Unregister", ReplyAction = "*"), XmlSerializerFormat]
        [FaultContract(typeof(InvalidRequest)), FaultContract(typeof(NotAuthenticated)), FaultContract(typeof(NotAllowed))]
        [FaultContract(typeof(TemporarilyUnavailable)), FaultContract(typeof(Faults.problem))]
        UnregisterResponse Unregister(Unregister request);

        [OperationContract(Action = Names.Urn + "/Send", ReplyAction = "*"), XmlSerializerFormat]
        [FaultContract(typeof(UserNotFound)), FaultContract(typeof(MessageTooLong)), FaultContract(typeof(MailboxFull))]
        [FaultContract(typeof(InvalidRequest)), FaultContract(typeof(NotAuthenticated)), FaultContract(typeof(NotAllowed))]
        [FaultContract(typeof(TemporarilyUnavailable)), FaultContract(typeof(Faults.problem))]
        SendResponse Send(Send request);

        [OperationContract(Action = Names.Urn + "/SendAttachment", ReplyAction = "*"), XmlSerializerFormat]
        [FaultContract(typeof(UserNotFound)), FaultContract(typeof(MessageTooLong)), FaultContract(typeof(AttachmentTooLarge))]
        [FaultContract(typeof(MailboxFull))]
        [FaultContract(typeof(InvalidRequest)), FaultContract(typeof(NotAuthenticated)), FaultContract(typeof(NotAllowed))]
        [FaultContract(typeof(TemporarilyUnavailable)), FaultContract(typeof(Faults.problem))]
        SendAttachmentResponse SendAttachment(SendAttachment request);

        [OperationContract(Action = Names.Urn + "/GetAttachment", ReplyAction = "*"), XmlSerializerFormat]
        [FaultContract(typeof(AttachmentNotFound))]
        [FaultContract(typeof(InvalidRequest)), FaultContract(typeof(NotAuthenticated)), FaultContract(typeof(NotAllowed))]
        [FaultContract(typeof(TemporarilyUnavailable)), FaultContract(typeof(Faults.problem))]
        GetAttachmentResponse GetAttachment(GetAttachment request);

        [OperationContract(Action = Names.Urn + "/Receive", ReplyAction = "*"), XmlSerializerFormat]
        [FaultContract(typeof(UserAlreadyConnected))]
        [FaultContract(typeof(InvalidRequest)), FaultContract(typeof(NotAuthenticated)), FaultContract(typeof(NotAllowed))]
        [FaultContract(typeof(TemporarilyUnavailable)), FaultContract(typeof(Faults.problem))]
        ReceiveResponse Receive(Receive request);

        [OperationContract(Action = Names.Urn + "/Acknowledge", ReplyAction = "*"), XmlSerializerFormat]
        [FaultContract(typeof(UserAlreadyConnected))]
        [FaultContract(typeof(InvalidRequest)), FaultContract(typeof(NotAuthenticated)), FaultContract(typeof(NotAllowed))]
        [FaultContract(typeof(TemporarilyUnavailable)), FaultContract(typeof(Faults.problem))]
        AcknowledgeResponse Acknowledge(Acknowledge request);

        [OperationContract(Action = Names.Urn + "/GetMessageStatus", ReplyAction = "*"), XmlSerializerFormat]
        [FaultContract(typeof(MessageNotFound))]
        [FaultContract(typeof(InvalidRequest)), FaultContract(typeof(NotAuthenticated)), FaultContract(typeof(NotAllowed))]
        [FaultContract(typeof(TemporarilyUnavailable)), FaultContract(typeof(Faults.problem))]
        GetMessageStatusResponse GetMessageStatus(GetMessageStatus request);

        [OperationContract(Action = Names.Urn + "/ListUsers", ReplyAction = "*"), XmlSerializerFormat]
        [FaultContract(typeof(InvalidRequest)), FaultContract(typeof(NotAuthenticated)), FaultContract(typeof(NotAllowed))]
        [FaultContract(typeof(TemporarilyUnavailable)), FaultContract(typeof(Faults.problem))]
        ListUsersResponse ListUsers(ListUsers request);
    }

    [MessageContract]
    public class Register
    {
        [MessageBodyMember(Order = 0)] public string userName;
        [MessageBodyMember(Order = 1)] public string password;
    }

    [MessageContract]
    public class RegisterResponse
    {
    }

    [MessageContract]
    public class Unregister
    {
    }

    [MessageContract]
    public class UnregisterResponse
    {
    }

    [MessageContract]
    public class Send
    {
        [MessageBodyMember(Order = 0)] public string recipient;
        [MessageBodyMember(Order = 1)] public string text;
        [MessageBodyMember(Order = 2)] public string clientMessageId;
    }

    [MessageContract]
    public class SendResponse
    {
        [MessageBodyMember(Order = 0)] public long messageId;
        [MessageBodyMember(Order = 1)] public string clientMessageId;
    }

    [MessageContract]
    public class SendAttachment
    {
        [MessageBodyMember(Order = 0)] public string recipient;
        [MessageBodyMember(Order = 1)] public string text;
        [MessageBodyMember(Order = 2)] public string fileName;
        [MessageBodyMember(Order = 3)] public string mediaType;
        [MessageBodyMember(Order = 4)] public byte[] content;
        [MessageBodyMember(Order = 5)] public string clientMessageId;
    }

    [MessageContract]
    public class SendAttachmentResponse
    {
        [MessageBodyMember(Order = 0)] public long messageId;
        [MessageBodyMember(Order = 1)] public string clientMessageId;
    }

    [MessageContract]
    public class GetAttachment
    {
        [MessageBodyMember(Order = 0)] public long seq;
    }

    [MessageContract]
    public class GetAttachmentResponse
    {
        [MessageBodyMember(Order = 0)] public string fileName;
        [MessageBodyMember(Order = 1)] public string mediaType;
        [MessageBodyMember(Order = 2)] public long size;
        [MessageBodyMember(Order = 3)] public string sha256;
        [MessageBodyMember(Order = 4)] public byte[] content;
    }

    [MessageContract]
    public class Receive
    {
        [MessageBodyMember(Order = 0)] public int maxMessages;
        [MessageBodyMember(Order = 1)] public int waitSeconds;
    }

    [MessageContract]
    public class ReceiveResponse
    {
        [MessageBodyMember(Order = 0), XmlElement("entry")] public Entry[] entry;
    }

    [MessageContract]
    public class Acknowledge
    {
        [MessageBodyMember(Order = 0)] public long seq;
    }

    [MessageContract]
    public class AcknowledgeResponse
    {
    }

    [MessageContract]
    public class GetMessageStatus
    {
        [MessageBodyMember(Order = 0)] public string clientMessageId;
    }

    [MessageContract]
    public class GetMessageStatusResponse
    {
        [MessageBodyMember(Order = 0)] public long messageId;
        [MessageBodyMember(Order = 1)] public MessageStatus status;
    }

    [MessageContract]
    public class ListUsers
    {
        [MessageBodyMember(Order = 0)] public string prefix;
    }

    [MessageContract]
    public class ListUsersResponse
    {
        [MessageBodyMember(Order = 0), XmlElement("user")] public User[] user;
    }

    [XmlType(Namespace = Names.Urn)]
    public class Entry
    {
        public long seq;
        public Message message;
        public Receipt receipt;
    }

    [XmlType(Namespace = Names.Urn)]
    public class Message
    {
        public long messageId;
        public string sender;
        public string text;
        public DateTime acceptedAt;
        public Attachment attachment;
    }

    [XmlType(Namespace = Names.Urn)]
    public class Attachment
    {
        public string fileName;
        public string mediaType;
        public long size;
        public string sha256;
    }

    [XmlType(Namespace = Names.Urn)]
    public class Receipt
    {
        public long messageId;
        public string clientMessageId;
        public string recipient;
    }

    [XmlType(Namespace = Names.Urn)]
    public class User
    {
        public string name;
        public bool online;
    }

    [XmlType(Namespace = Names.Urn)]
    public enum MessageStatus
    {
        Waiting,
        Delivered,
    }

    [DataContract(Namespace = Names.Urn)]
    public class InvalidRequest
    {
        [DataMember(Order = 0)] public string correlationId;
    }

    [DataContract(Namespace = Names.Urn)]
    public class NotAuthenticated
    {
        [DataMember(Order = 0)] public string correlationId;
    }

    [DataContract(Namespace = Names.Urn)]
    public class NotAllowed
    {
        [DataMember(Order = 0)] public string correlationId;
    }

    [DataContract(Namespace = Names.Urn)]
    public class TemporarilyUnavailable
    {
        [DataMember(Order = 0)] public string correlationId;
    }

    [DataContract(Namespace = Names.Urn)]
    public class UserExists
    {
        [DataMember(Order = 0)] public string correlationId;
    }

    [DataContract(Namespace = Names.Urn)]
    public class UserNotFound
    {
        [DataMember(Order = 0)] public string correlationId;
    }

    [DataContract(Namespace = Names.Urn)]
    public class UserAlreadyConnected
    {
        [DataMember(Order = 0)] public string correlationId;
    }

    [DataContract(Namespace = Names.Urn)]
    public class MessageTooLong
    {
        [DataMember(Order = 0)] public int maxTextBytes;
        [DataMember(Order = 1)] public string correlationId;
    }

    [DataContract(Namespace = Names.Urn)]
    public class AttachmentTooLarge
    {
        [DataMember(Order = 0)] public long maxAttachmentBytes;
        [DataMember(Order = 1)] public string correlationId;
    }

    [DataContract(Namespace = Names.Urn)]
    public class AttachmentNotFound
    {
        [DataMember(Order = 0)] public string correlationId;
    }

    [DataContract(Namespace = Names.Urn)]
    public class MailboxFull
    {
        [DataMember(Order = 0)] public string correlationId;
    }

    [DataContract(Namespace = Names.Urn)]
    public class MessageNotFound
    {
        [DataMember(Order = 0)] public string correlationId;
    }
}

namespace Faults
{
    [DataContract(Namespace = "urn:dms:fault:1")]
    public class problem
    {
        [DataMember(Order = 0)] public string location;
        [DataMember(Order = 1)] public string correlationId;
    }
}
