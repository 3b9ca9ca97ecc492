using Tally.Inbox.Folding;
using Tally.Inbox.Storage;

namespace Tally.Inbox.Tests.Support;

/// <summary>The promises of the table of folds, without a database: rows are only added, and only right behind the last one of their shard.</summary>
internal sealed class SimulatedDatabase
{
    private readonly Dictionary<int, FoldRow<long>> _last = [];
    private readonly HashSet<(int Partition, long Offset)> _quarantine = [];
    private Guid? _source;

    public int Quarantined => _quarantine.Count;

    public ShardPosition<long>? Shard(int shard) => _last.TryGetValue(shard, out var row) ? row.After : null;

    /// <returns>False when another process went on with one of the shards; nothing is stored then.</returns>
    public bool Commit(Fold<long, Number> fold)
    {
        if (fold.Rows.Exists(row => (Shard(row.After.Shard)?.Sequence ?? 0) != row.FromSequence - 1) || (fold.NewSource is not null && _source is not null))
        {
            return false;
        }

        _source ??= fold.NewSource;
        foreach (var row in fold.Rows)
        {
            _last[row.After.Shard] = row;
        }

        foreach (var poison in fold.Poison)
        {
            _quarantine.Add((poison.Message.Partition, poison.Message.Offset));
        }

        return true;
    }

    public StoredPositions<long> Read() => new(
        _source, [.. _last.Values.OrderBy(row => row.After.Shard).Select(row => (row.After, new StoredPlace(row.Topic, row.Partition, row.NextOffset)))]);
}
