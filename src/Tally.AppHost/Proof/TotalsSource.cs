using System.Net.Http.Json;

namespace Tally.AppHost.Proof;

/// <summary>
/// What all Totals say together. Positions, the quarantine and the table of values lie in the database that they share, so one answer is enough; what
/// was suppressed and which shards stand still each one knows of its own partitions.
/// </summary>
internal sealed class TotalsSource(IReadOnlyList<string> addresses) : IDisposable
{
    // With one left out by others, a minute would be long to wait for it.
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false })
    {
        Timeout = addresses.Count == 1 ? TimeSpan.FromMinutes(1) : TimeSpan.FromSeconds(20),
    };

    /// <summary>Asks all of them. Those that don't answer are left out, unless none does.</summary>
    public async Task<TotalsStatus> ReadAsync(CancellationToken cancellationToken)
    {
        var answers = addresses.Select(address => AskAsync(address, cancellationToken)).ToArray();
        await ((Task)Task.WhenAll(answers)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var given = await Task.WhenAll(answers.Where(answer => answer.IsCompletedSuccessfully));
        return given.Length > 0 ? Together(given) : await answers[0];
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Puts the answers together.</summary>
    internal static TotalsStatus Together(IReadOnlyList<TotalsStatus> answers)
    {
        var first = answers[0];
        var known = first.Shards.Select(shard => shard.Shard).ToHashSet();
        var stopped = answers.SelectMany(answer => answer.Shards).Where(shard => shard.State != "ok").ToLookup(shard => shard.Shard);
        return first with
        {
            DuplicatesSuppressed = answers.Sum(answer => answer.DuplicatesSuppressed),
            Gaps = answers.Sum(answer => answer.Gaps),
            Shards =
            [
                .. first.Shards.Select(shard => stopped[shard.Shard].FirstOrDefault() is { } trouble
                    ? shard with { State = trouble.State, Reason = trouble.Reason }
                    : shard),

                // One that stopped before its first fold is known only to whoever met it.
                .. stopped.Where(shard => !known.Contains(shard.Key)).Select(shard => shard.First()),
            ],
        };
    }

    private async Task<TotalsStatus> AskAsync(string address, CancellationToken cancellationToken) =>
        await _http.GetFromJsonAsync(new Uri(new Uri(address), "/api/status"), TotalsJson.Default.TotalsStatus, cancellationToken)
            ?? throw new HttpRequestException("Totals answered /api/status with nothing.");
}
