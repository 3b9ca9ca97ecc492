using Npgsql;
using Tally.Inbox;

namespace Tally.Totals.Tests.Support;

/// <summary>An inbox that says what a test wants.</summary>
internal sealed class FakeInbox : IInbox<Amount>
{
    public InboxStatus Status { get; set; } = new(null, 0, 0, [0], []);

    public InboxAudit? Audit { get; set; }

    public NpgsqlDataSource Database => throw new NotSupportedException();

    public Guid? System { get; set; }

    /// <summary>What the database waits for before it answers: nothing, unless it is frozen.</summary>
    public Task Thawed { get; set; } = Task.CompletedTask;

    public async Task<IReadOnlyList<ShardPosition<Amount>>> ReadPositionsAsync(CancellationToken cancellationToken)
    {
        await Thawed.WaitAsync(cancellationToken);
        return [];
    }

    public Task<IReadOnlyList<ShardPosition<Amount>>> ReadPositionsAsync(NpgsqlTransaction snapshot, CancellationToken cancellationToken) => throw new NotSupportedException();

    public async Task<long> CountQuarantinedAsync(CancellationToken cancellationToken)
    {
        await Thawed.WaitAsync(cancellationToken);
        return 0;
    }

    public async Task<Guid?> ReadSystemAsync(CancellationToken cancellationToken)
    {
        await Thawed.WaitAsync(cancellationToken);
        return System;
    }
}
