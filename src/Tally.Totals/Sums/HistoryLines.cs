using Npgsql;
using Tally.Inbox;

namespace Tally.Totals.Sums;

/// <summary>Logs a fold's results, once they are committed.</summary>
internal sealed class HistoryLines(ILogger logger) : FoldCompanion<Sum>
{
    private readonly List<(EventPosition Position, Amount Value)> _results = [];

    public override void Add(in EventPosition position, in Sum folded) => _results.Add((position, folded.Value));

    public override void AddTo(NpgsqlBatch batch)
    {
    }

    public override void OnCommitted()
    {
        foreach (var (position, value) in _results)
        {
            Log.Result(logger, position.Shard, position.Epoch, position.Sequence, value);
        }
    }
}
