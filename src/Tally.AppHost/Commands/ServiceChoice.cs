using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands;

/// <summary>Which instance of a service a command talks to: any will do, so the first that is ready.</summary>
internal static class ServiceChoice
{
    /// <summary>Where the instances of a service listen: first the one to talk to, then the others.</summary>
    /// <exception cref="CommandException">No system runs, or it has no such service.</exception>
    public static async Task<IReadOnlyList<string>> FindAllAsync(CommandCall call, string kind, string protocol)
    {
        var instances = call.ReadRunning().Components
            .Where(component => ServiceNames.Is(component.Key, kind) && component.Value.Endpoints.ContainsKey(protocol))
            .ToArray();
        if (instances.Length == 0)
        {
            throw CommandException.NotRunning($"The system at {call.DataFolder} doesn't say where a {kind} listens: run {SystemFiles.Command("up", call.DataFolder)}");
        }

        var chosen = instances.Length == 1 ? 0 : await FindReadyAsync(instances);
        return [.. instances[chosen..].Concat(instances[..chosen]).Select(instance => instance.Value.Endpoints[protocol])];
    }

    /// <summary>Where the instance to talk to listens.</summary>
    /// <exception cref="CommandException">No system runs, or it has no such service.</exception>
    public static async Task<string> FindAsync(CommandCall call, string kind, string protocol) => (await FindAllAsync(call, kind, protocol))[0];

    /// <summary>The first that is ready; when none is, the first, whose own words then say why.</summary>
    private static async Task<int> FindReadyAsync(KeyValuePair<string, ComponentState>[] instances)
    {
        using var http = ComponentProbe.NewClient();
        var answers = instances.Select(instance => ComponentProbe.AskAsync(instance.Key, instance.Value, http, CancellationToken.None)).ToArray();
        var states = await Task.WhenAll(answers);
        return Math.Max(0, Array.FindIndex(states, state => state.State == "ready"));
    }
}
