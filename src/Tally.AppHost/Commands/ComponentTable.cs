using Tally.AppHost.Commands.Output;

namespace Tally.AppHost.Commands;

/// <summary>Components for people.</summary>
internal static class ComponentTable
{
    public static TextTable Of(IReadOnlyDictionary<string, ComponentAnswer> components)
    {
        var table = new TextTable(
            new Column("component"),
            new Column("state"),
            new Column("pid", ToTheRight: true),
            new Column("version"),
            new Column("where"),
            new Column("from"));
        foreach (var (name, component) in components)
        {
            table.Add(
                name,
                component.Reason is null ? component.State : $"{component.State}: {component.Reason}",
                component.Pid?.ToString() ?? "",
                component.Version ?? "",
                string.Join(' ', component.Endpoints.Select(endpoint => Where(endpoint.Key, endpoint.Value))),
                component.Source ?? "");
        }

        return table;
    }

    private static string Where(string protocol, string address) => protocol == ComponentNames.Grpc ? $"grpc={address}" : address;
}
