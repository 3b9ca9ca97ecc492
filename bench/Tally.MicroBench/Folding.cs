using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Tally.Inbox;
using Tally.Inbox.Chain;
using Tally.Inbox.Folding;
using Tally.Totals;
using Tally.Totals.Serving;
using Tally.Totals.Sums;

namespace Tally.MicroBench;

/// <summary>
/// What Totals does with a message between Kafka and the database: reading it, checking that it is the next one, and adding it. An operation is one message.
/// </summary>
public class Folding
{
    private const string Topic = "sums";
    private const int Shards = 8;
    private const int EachShard = 128;

    private readonly RawMessage[] _messages = SumEvents.Messages(Topic, Shards, EachShard);
    private readonly Folder<Amount, Sum> _folder = new(Handler(), Topic, maxSetAside: 1_000, new NothingElse());

    [Benchmark(OperationsPerInvoke = Shards * EachShard)]
    public int Fold()
    {
        _folder.Clear();
        foreach (var message in _messages)
        {
            _folder.Take(message);
        }

        return _folder.Complete().Rows.Count;
    }

    private static SumHandler Handler() => new(
        new TotalsView(TimeProvider.System), new History(Options.Create(new TotalsOptions()), Options.Create(new InboxOptions()), NullLogger<History>.Instance));

    /// <summary>All events are good ones: anything else would be another measurement.</summary>
    private sealed class NothingElse : IFolderEvents
    {
        public void Duplicate(in RawMessage message) => throw Unexpected();

        public void Poisoned(in RawMessage message, string reason) => throw Unexpected();

        public void Doubted(int shard, in RawMessage message, string reason) => throw Unexpected();

        public void Forked(ShardTrouble trouble) => throw Unexpected();

        public void Damaged(ShardTrouble trouble) => throw Unexpected();

        public void Missing(ShardTrouble trouble) => throw Unexpected();

        private static InvalidOperationException Unexpected() => new("An event is not the next one of its shard.");
    }
}
