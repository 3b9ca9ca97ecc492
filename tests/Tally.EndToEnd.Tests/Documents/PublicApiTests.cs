using System.Reflection;
using System.Text;

namespace Tally.EndToEnd.Tests.Documents;

/// <summary>
/// What others may build on doesn't change by accident: the public members of the libraries are those of the approved files.
/// </summary>
public sealed class PublicApiTests
{
    [Theory]
    [InlineData(typeof(Outbox.OutboxOptions))]
    [InlineData(typeof(Inbox.InboxOptions))]
    [InlineData(typeof(Kafka.KafkaOptions))]
    public void The_public_members_are_the_approved_ones(Type oneOfThem)
    {
        var name = oneOfThem.Assembly.GetName().Name!;
        Approved.IsStill(name, Describe(oneOfThem.Assembly));
    }

    private static string Describe(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var type in assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            var parents = type.GetInterfaces().Select(Name).Order(StringComparer.Ordinal);
            text.Append(Kind(type)).Append(' ').Append(Name(type)).Append(" : ").AppendJoin(", ", parents).Append('\n');
            foreach (var member in Members(type).Order(StringComparer.Ordinal))
            {
                text.Append("    ").Append(member).Append('\n');
            }
        }

        return text.ToString();
    }

    private static IEnumerable<string> Members(Type type)
    {
        const BindingFlags Public = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        if (type.IsEnum)
        {
            return Enum.GetNames(type).Select(name => $"{name} = {(int)Enum.Parse(type, name)}");
        }

        return type.GetConstructors(Public).Select(constructor => $"new({Parameters(constructor)})")
            .Concat(type.GetFields(Public).Select(field => $"{(field.IsLiteral ? "const " : "")}{Name(field.FieldType)} {field.Name}"))
            .Concat(type.GetProperties(Public).Select(property =>
                $"{Name(property.PropertyType)} {property.Name} {{{(property.CanRead ? " get;" : "")}{(property.SetMethod is { IsPublic: true } ? " set;" : "")} }}"))
            .Concat(type.GetMethods(Public).Where(method => !method.IsSpecialName)
                .Select(method => $"{(method.IsStatic ? "static " : "")}{Name(method.ReturnType)} {method.Name}{Generics(method)}({Parameters(method)})"));
    }

    private static string Kind(Type type) => type switch
    {
        { IsEnum: true } => "enum",
        { IsInterface: true } => "interface",
        { IsValueType: true } => "struct",
        { IsAbstract: true, IsSealed: true } => "static class",
        { IsSealed: true } => "sealed class",
        { IsAbstract: true } => "abstract class",
        _ => "class",
    };

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
        $"{Name(parameter.ParameterType)} {parameter.Name}{(parameter.HasDefaultValue ? $" = {parameter.DefaultValue ?? "default"}" : "")}"));

    private static string Generics(MethodInfo method) =>
        method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";

    private static string Name(Type type)
    {
        if (type.IsByRef)
        {
            return $"ref {Name(type.GetElementType()!)}";
        }

        if (type.IsArray)
        {
            return $"{Name(type.GetElementType()!)}[]";
        }

        return type.IsGenericType
            ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
            : type.Name;
    }
}
