using Microsoft.Extensions.Options;
using Npgsql;
using Tally.Inbox.Diagnostics;
using Tally.Inbox.Storage;

namespace Tally.Inbox;

internal sealed class InboxService<TState>(
    InboxDatabase database, PositionReader<TState> positions, InboxMetrics metrics, IOptions<InboxOptions> options) : IInbox<TState>
{
    private readonly SharedRead<IReadOnlyList<ShardPosition<TState>>> _positions =
        new(async () => (await positions.ReadAsync(database.Source, CancellationToken.None)).Positions);

    public NpgsqlDataSource Database => database.Source;

    public InboxStatus Status => metrics.Status;

    public InboxAudit? Audit => metrics.Audit;

    public Task<IReadOnlyList<ShardPosition<TState>>> ReadPositionsAsync(CancellationToken cancellationToken) =>
        _positions.ReadAsync(cancellationToken);

    public Task<IReadOnlyList<ShardPosition<TState>>> ReadPositionsAsync(NpgsqlTransaction snapshot, CancellationToken cancellationToken) =>
        positions.ReadAsync(snapshot, cancellationToken);

    public async Task<long> CountQuarantinedAsync(CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(
            $"SELECT count(*) FROM {options.Value.SchemaName}.quarantine q WHERE NOT EXISTS (SELECT FROM {options.Value.SchemaName}.quarantine_audit a WHERE a.id = q.id AND a.ends)");
        return await command.ExecuteScalarAsync(cancellationToken) is long count ? count : 0;
    }

    public Task<Guid?> ReadSystemAsync(CancellationToken cancellationToken) => positions.ReadSystemAsync(database.Source, cancellationToken);
}
