using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands.Load;

/// <summary>The system that is loaded.</summary>
/// <param name="State">What runs where.</param>
/// <param name="Database">How to reach the Calculator's database.</param>
internal sealed record LoadTarget(SystemState State, string Database)
{
    public IReadOnlyList<string> Calculators => AddressesOf(ServiceNames.Calculator, ComponentNames.Grpc);

    public IReadOnlyList<string> Totals => AddressesOf(ServiceNames.Totals, ComponentNames.Grpc);

    public IReadOnlyList<string> TotalsHttp => AddressesOf(ServiceNames.Totals, ComponentNames.Http);

    /// <summary>Prometheus, where it runs.</summary>
    public string? Prometheus => State.Components.TryGetValue(ComponentNames.Prometheus, out var prometheus) && prometheus.State == ComponentPhase.Ready
        ? prometheus.Endpoints[ComponentNames.Http]
        : null;

    private string[] AddressesOf(string kind, string protocol) =>
        [.. State.Components.Where(component => ServiceNames.Is(component.Key, kind)).Select(component => component.Value.Endpoints[protocol])];
}
