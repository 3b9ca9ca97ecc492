using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Tally.AppHost.Commands.Watch;

/// <summary>Reads <c>/api/live</c>.</summary>
internal static class WatchedStates
{
    /// <summary>Each state, until the instance goes away.</summary>
    /// <exception cref="HttpRequestException">It doesn't answer.</exception>
    /// <exception cref="IOException">It went away.</exception>
    public static async IAsyncEnumerable<WatchedState> ReadAsync(HttpClient http, Uri totals, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var stream = await http.GetStreamAsync(new Uri(totals, "/api/live"), cancellationToken);
        var states = SseParser.Create(stream, static (_, data) => JsonSerializer.Deserialize(data, WatchedJson.Default.WatchedState)!);
        await foreach (var state in states.EnumerateAsync(cancellationToken))
        {
            yield return state.Data;
        }
    }
}
