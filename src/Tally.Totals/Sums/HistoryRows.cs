using Npgsql;
using NpgsqlTypes;
using Tally.Inbox;

namespace Tally.Totals.Sums;

/// <summary>Collects a fold's results, a row each.</summary>
internal sealed class HistoryRows : FoldCompanion<Sum>
{
    private readonly List<int> _shards = [];
    private readonly List<long> _sequences = [];
    private readonly List<long> _epochs = [];
    private readonly List<decimal> _values = [];
    private readonly List<DateTime> _committedAt = [];

    public override void Add(in EventPosition position, in Sum folded)
    {
        _shards.Add(position.Shard);
        _sequences.Add(position.Sequence);
        _epochs.Add(position.Epoch);
        _values.Add(ToDecimal(folded.Value));
        _committedAt.Add(DateTime.UnixEpoch.AddMicroseconds(Math.Clamp(folded.CommittedAtUnixMicros, 0, 4_102_444_800_000_000)));
    }

    public override void AddTo(NpgsqlBatch batch) => batch.BatchCommands.Add(new NpgsqlBatchCommand(
        """
        INSERT INTO totals.totals_history (shard, sequence, epoch, value, committed_at) SELECT * FROM unnest($1, $2, $3, $4, $5)
        """)
    {
        Parameters =
        {
            Column(_shards, NpgsqlDbType.Integer),
            Column(_sequences, NpgsqlDbType.Bigint),
            Column(_epochs, NpgsqlDbType.Bigint),
            Column(_values, NpgsqlDbType.Numeric),
            Column(_committedAt, NpgsqlDbType.TimestampTz),
        },
    });

    /// <summary>An amount has at most 27 digits, which a decimal holds exactly.</summary>
    internal static decimal ToDecimal(Amount amount)
    {
        var units = (UInt128)Int128.Abs(amount.Units);
        return new decimal((int)(uint)units, (int)(uint)(units >> 32), (int)(uint)(units >> 64), amount.Units < 0, 9);
    }

    private static NpgsqlParameter<List<T>> Column<T>(List<T> values, NpgsqlDbType type) => new() { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };
}
