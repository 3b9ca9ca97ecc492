using Grpc.Core;
using Grpc.Net.Client;
using Tally.Contracts.V1;

namespace Tally.AppHost.Commands.Demo;

/// <summary>Waits until the total holds what callers were answered, asking one Totals after the other.</summary>
/// <param name="addresses">Where they listen.</param>
/// <param name="time">The clock.</param>
internal sealed class TotalWait(IReadOnlyList<string> addresses, TimeProvider time)
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(100);

    // One that doesn't answer must not use up the time in which another would.
    private static readonly TimeSpan AskAnother = TimeSpan.FromSeconds(10);

    /// <summary>Waits, at most so long. When it doesn't come, the proof says what is missing.</summary>
    public async Task ForAsync(IReadOnlyCollection<Position> positions, TimeSpan patience, CancellationToken cancellationToken)
    {
        var request = new GetTotalRequest { AtLeast = { positions } };
        var began = time.GetTimestamp();
        for (var at = 0; patience - time.GetElapsedTime(began) is var left && left > TimeSpan.Zero; at = (at + 1) % addresses.Count)
        {
            using var channel = GrpcChannel.ForAddress(addresses[at]);
            try
            {
                var deadline = time.GetUtcNow().UtcDateTime + (left < AskAnother ? left : AskAnother);
                await new Totals.TotalsClient(channel).GetTotalAsync(request, deadline: deadline, cancellationToken: cancellationToken);
                return;
            }
            catch (RpcException)
            {
                // This one may be on its way back, and the next one there.
                cancellationToken.ThrowIfCancellationRequested();
                await Task.Delay(AskAgain, time, cancellationToken);
            }
        }
    }

    /// <summary>The last position of each shard that callers were answered.</summary>
    public static IReadOnlyCollection<Position> LastOf(IEnumerable<CallerBooks> callers)
    {
        var last = new Dictionary<int, Position>();
        foreach (var position in callers.SelectMany(caller => caller.LastPositions))
        {
            if (!last.TryGetValue(position.Shard, out var other) || CallerBooks.IsBehind(other, position))
            {
                last[position.Shard] = position;
            }
        }

        return last.Values;
    }
}
