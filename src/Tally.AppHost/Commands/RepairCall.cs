using Grpc.Net.Client;
using Tally.AppHost.Hosting;
using Tally.Contracts.V1;

namespace Tally.AppHost.Commands;

/// <summary>A call of Totals' service for operators.</summary>
internal static class RepairCall
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>Calls the first instance that is ready: each of them serves all shards.</summary>
    /// <param name="call">The command's call.</param>
    /// <param name="ask">What is asked, and until when an answer counts.</param>
    public static async Task<T> AskAsync<T>(CommandCall call, Func<Repair.RepairClient, DateTime, Task<T>> ask)
    {
        using var channel = GrpcChannel.ForAddress(await ServiceChoice.FindAsync(call, ServiceNames.Totals, ComponentNames.Grpc));
        return await ask(new Repair.RepairClient(channel), call.Time.GetUtcNow().UtcDateTime + Deadline);
    }
}
