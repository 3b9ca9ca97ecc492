using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Tally.AppHost.Commands.Watch;

/// <summary>Reads <c>/api/live</c>.</summary>
internal static class WatchedStates
{
    /// <summary>States come four times a second, with a frozen database once a second.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(3);

    // Before the first one the outbox is given a moment to answer.
    private static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(5);

    /// <summary>Each state, until the instance goes away.</summary>
    /// <exception cref="HttpRequestException">It doesn't answer.</exception>
    /// <exception cref="IOException">It went away, or says nothing any more, as a frozen process does.</exception>
    public static async IAsyncEnumerable<WatchedState> ReadAsync(HttpClient http, Uri totals, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(FirstPatience);
        await using var stream = await HeardAsync(http.GetStreamAsync(new Uri(totals, "/api/live"), patience.Token), cancellationToken);
        await using var states = SseParser.Create(stream, static (_, data) => JsonSerializer.Deserialize(data, WatchedJson.Default.WatchedState)!)
            .EnumerateAsync(patience.Token).GetAsyncEnumerator(CancellationToken.None);
        while (await HeardAsync(states.MoveNextAsync().AsTask(), cancellationToken))
        {
            // Whoever takes it may take as long as it likes.
            patience.CancelAfter(Timeout.InfiniteTimeSpan);
            yield return states.Current.Data;
            patience.CancelAfter(Silence);
        }
    }

    private static async Task<T> HeardAsync<T>(Task<T> answer, CancellationToken cancellationToken)
    {
        try
        {
            return await answer;
        }
        catch (OperationCanceledException silent) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException("Totals says nothing any more.", silent);
        }
    }
}
