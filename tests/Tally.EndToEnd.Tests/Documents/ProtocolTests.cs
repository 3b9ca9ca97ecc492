using System.Text;
using Google.Protobuf.Reflection;
using Tally.Contracts.V1;

namespace Tally.EndToEnd.Tests.Documents;

/// <summary>
/// What goes over the wire doesn't change by accident: instances of two versions talk to each other during an upgrade, and Kafka holds events for as long as
/// it keeps them. Fields may be added; a number is never used again for something else.
/// </summary>
public sealed class ProtocolTests
{
    public static TheoryData<string> Files => [.. Descriptors.Select(file => file.Name)];

    private static FileDescriptor[] Descriptors => [CalculatorReflection.Descriptor, TotalsReflection.Descriptor, EventsReflection.Descriptor];

    [Theory]
    [MemberData(nameof(Files))]
    public void Messages_and_services_are_the_approved_ones(string name)
    {
        var file = Descriptors.Single(descriptor => descriptor.Name == name);
        var text = new StringBuilder();
        foreach (var service in file.Services)
        {
            text.Append("service ").Append(service.FullName).Append('\n');
            foreach (var method in service.Methods)
            {
                text.Append($"    {method.Name}({method.InputType.FullName}) returns ({(method.IsServerStreaming ? "stream " : "")}{method.OutputType.FullName})\n");
            }
        }

        foreach (var message in file.MessageTypes)
        {
            text.Append("message ").Append(message.FullName).Append('\n');
            foreach (var field in message.Fields.InFieldNumberOrder())
            {
                var type = field.FieldType == FieldType.Message ? field.MessageType.FullName : field.FieldType.ToString().ToLowerInvariant();
                text.Append($"    {field.FieldNumber} {(field.IsRepeated ? "repeated " : "")}{type} {field.Name}\n");
            }
        }

        Approved.IsStill(Path.GetFileName(name), text.ToString());
    }
}
