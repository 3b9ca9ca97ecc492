using System.Net.Sockets;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Components;
using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands;

/// <summary>Looks whether components are what <c>system.json</c> says: alive, and ready to work.</summary>
internal static class ComponentProbe
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Asks all components at once.</summary>
    public static async Task<IReadOnlyDictionary<string, ComponentAnswer>> AskAsync(SystemState system, CancellationToken cancellationToken)
    {
        using var http = NewClient();
        var answers = await Task.WhenAll(system.Components.Select(async component =>
            (component.Key, Value: await AskAsync(component.Key, component.Value, http, cancellationToken))));
        return new SortedDictionary<string, ComponentAnswer>(
            answers.ToDictionary(answer => answer.Key, answer => answer.Value), StringComparer.Ordinal);
    }

    /// <summary>Whether a component does its part, or isn't needed.</summary>
    public static bool IsWell(ComponentAnswer component) => component.State is "ready" or "external" or "loaded" or "missing";

    /// <summary>A client whose patience is short.</summary>
    public static HttpClient NewClient() => new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };

    /// <summary>Asks one component.</summary>
    public static async Task<ComponentAnswer> AskAsync(string name, ComponentState component, HttpClient http, CancellationToken cancellationToken)
    {
        var noted = new ComponentAnswer(
            component.Version, component.Source, component.Pid, component.State.ToString().ToLowerInvariant(), component.Endpoints);
        if (component.State is not (ComponentPhase.Ready or ComponentPhase.External))
        {
            return noted;
        }

        if (component.Pid is { } pid && ProcessTable.StartTicks(pid) == 0)
        {
            return noted with { State = "failed", Reason = $"process {pid} is gone" };
        }

        var (ready, reason) = await AskAsync(name, component.Endpoints, http, cancellationToken);
        return noted with { State = ready ? noted.State : "not_ready", Reason = reason };
    }

    private static async Task<(bool Ready, string? Reason)> AskAsync(
        string name, SortedDictionary<string, string> endpoints, HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            if (endpoints.TryGetValue(ComponentNames.Http, out var address))
            {
                var path = name switch { ComponentNames.Prometheus => "/-/ready", ComponentNames.Grafana => "/api/health", _ => "/readyz" };
                using var answer = await http.GetAsync(new Uri(new Uri(address), path), cancellationToken);
                var text = await answer.Content.ReadAsStringAsync(cancellationToken);
                return answer.IsSuccessStatusCode ? (true, ReadyzAnswer.UnsafeOf(text)) : (false, ReadyzAnswer.ReasonOf(text));
            }

            foreach (var server in endpoints.Values.SelectMany(servers => servers.Split(',')))
            {
                await GreetAsync(name, server, cancellationToken);
            }

            return (true, null);
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException or OperationCanceledException)
        {
            return (false, failure is OperationCanceledException ? $"doesn't answer within {Patience.TotalSeconds} s" : failure.Message);
        }
    }

    private static async Task GreetAsync(string name, string server, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        await ServerGreeting.ExchangeAsync(name, server, patience.Token);
    }
}
