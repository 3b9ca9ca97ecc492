namespace Tally.AppHost.Hosting;

/// <summary>The names of Tally's own services: a kind and a number, <c>calculator-1</c>. So they are called in leases, logs, metrics and files.</summary>
internal static class ServiceNames
{
    /// <summary>Service A.</summary>
    public const string Calculator = "calculator";

    /// <summary>Service B.</summary>
    public const string Totals = "totals";

    /// <summary>How many instances of a service a local system runs at most: there are as many shards and partitions.</summary>
    public const int MostInstances = 8;

    /// <summary>The name of one instance.</summary>
    /// <param name="kind">Of which service.</param>
    /// <param name="number">Which one, from 1.</param>
    public static string Of(string kind, int number) => $"{kind}-{number}";

    /// <summary>The names of the first instances of a service.</summary>
    /// <param name="kind">Which service.</param>
    /// <param name="count">How many.</param>
    public static IEnumerable<string> First(string kind, int count) => Enumerable.Range(1, count).Select(number => Of(kind, number));

    /// <summary>Of which service an instance is.</summary>
    /// <param name="instance">The instance's name.</param>
    public static string KindOf(string instance) => instance[..instance.LastIndexOf('-')];

    /// <summary>Whether a component is an instance of a service.</summary>
    /// <param name="component">The component's name.</param>
    /// <param name="kind">Which service.</param>
    public static bool Is(string component, string kind) =>
        component.StartsWith(kind, StringComparison.Ordinal) && component.AsSpan(kind.Length) is ['-', .. var number] && int.TryParse(number, out _);
}
