using FsCheck;
using FsCheck.Fluent;
using Tally.Inbox.Tests.Support;

namespace Tally.Inbox.Tests.Folding;

/// <summary>Whatever is done to a history on its way, the total is right or the fault is seen.</summary>
public sealed class FolderProperties
{
    private static readonly Arbitrary<int> Seeds = Gen.Choose(0, int.MaxValue - 1).ToArbitrary();

    [Fact]
    public void Any_replays_duplicates_crashes_and_splits_give_the_same_total() => Check((random, histories) =>
    {
        var topic = Replayed(random, histories);
        var database = new SimulatedDatabase();
        var instance = new SimulatedInstance(database, topic, random.Next(1, 50));
        for (var steps = random.Next(topic.Count * 3); steps > 0; steps--)
        {
            Step(random, instance);
        }

        instance.RunToEnd();
        return AllFolded(database, histories) && instance.Log.Poison.Count == 0 && instance.Log.Forks.Count == 0;
    });

    [Fact]
    public void Two_instances_on_the_same_partition_give_the_same_total() => Check((random, histories) =>
    {
        var topic = Replayed(random, histories);
        var database = new SimulatedDatabase();
        SimulatedInstance[] instances = [new(database, topic), new(database, topic)];
        for (var steps = random.Next(topic.Count * 4); steps > 0; steps--)
        {
            Step(random, instances[random.Next(2)]);
        }

        // The zombie wakes up last.
        instances[0].RunToEnd();
        instances[1].RunToEnd();
        return AllFolded(database, histories);
    });

    [Fact]
    public void Events_that_overtake_each_other_give_the_same_total() => Check((random, histories) =>
    {
        var topic = Interleave(random, histories);
        for (var swaps = random.Next(topic.Count); swaps > 0; swaps--)
        {
            var (a, b) = (random.Next(topic.Count), random.Next(topic.Count));
            (topic[a], topic[b]) = (topic[b], topic[a]);
        }

        var database = new SimulatedDatabase();
        new SimulatedInstance(database, topic, random.Next(1, 20)).RunToEnd();
        return AllFolded(database, histories);
    });

    [Fact]
    public void Garbage_is_kept_and_stops_nothing() => Check((random, histories) =>
    {
        var topic = Interleave(random, histories);
        var garbage = random.Next(1, 20);
        for (var i = 0; i < garbage; i++)
        {
            topic.Insert(random.Next(topic.Count + 1), null);
        }

        var database = new SimulatedDatabase();
        var instance = new SimulatedInstance(database, topic);
        for (var steps = random.Next(topic.Count * 3); steps > 0; steps--)
        {
            Step(random, instance);
        }

        instance.RunToEnd();
        return AllFolded(database, histories) && database.Quarantined == garbage;
    });

    [Fact]
    public void A_lost_event_is_missed_at_the_next_one() => Check((random, histories) =>
    {
        var topic = Interleave(random, histories);
        var lost = topic[random.Next(topic.Count)]!;
        topic.Remove(lost);
        var database = new SimulatedDatabase();
        var instance = new SimulatedInstance(database, topic);
        instance.RunToEnd();

        var shard = lost.Position.Shard;
        var wasLast = lost.Position.Sequence == histories[shard].Events.Count;
        var chain = instance.Folder.Chains.SingleOrDefault(chain => chain.Shard == shard);
        return (database.Shard(shard)?.Sequence ?? 0) == lost.Position.Sequence - 1 && (wasLast || chain?.SetAside.Count > 0)
            && TruePrefixes(database, histories);
    });

    [Fact]
    public void A_damaged_event_never_gets_into_a_total() => Check((random, histories) =>
    {
        var topic = Interleave(random, histories);
        var at = random.Next(topic.Count);
        var whole = topic[at]!;
        topic[at] = Damage(random, whole);
        var database = new SimulatedDatabase();
        var instance = new SimulatedInstance(database, topic);
        instance.RunToEnd();

        // Seen, or harmless: only the epoch's first sequence can be wrong without being needed.
        var wasLast = whole.Position.Sequence == histories[whole.Position.Shard].Events.Count;
        var seen = instance.Log.Poison.Count > 0 || instance.Log.Forks.Count > 0 || instance.Folder.Chains.Any(chain => chain.SetAside.Count > 0);
        return TruePrefixes(database, histories) && (seen || wasLast || AllFolded(database, histories));
    });

    private static Number Damage(Random random, Number number)
    {
        long by = random.Next(2) == 0 ? random.Next(1, 5) : -random.Next(1, 5);
        var position = number.Position;
        return random.Next(6) switch
        {
            0 => number with { Value = number.Value + by },
            1 => number with { Total = number.Total + by },
            2 => number with { Position = position with { Epoch = position.Epoch + by } },
            3 => number with { Position = position with { Sequence = position.Sequence + by } },
            4 => number with { Position = position with { EpochFirstSequence = position.EpochFirstSequence + by } },
            _ => number with { Position = position with { System = new Guid(2, 2, 2, new byte[8]) } },
        };
    }

    private static void Step(Random random, SimulatedInstance instance)
    {
        switch (random.Next(12))
        {
            case 0:
                instance.Start();
                break;
            case 1 or 2:
                instance.Commit();
                break;
            default:
                if (!instance.AtEnd)
                {
                    instance.Take();
                }

                break;
        }
    }

    private static void Check(Func<Random, NumberHistory[], bool> holds) => Prop.ForAll(Seeds, seed =>
    {
        var random = new Random(seed);
        NumberHistory[] histories = [.. Enumerable.Range(0, random.Next(1, 4)).Select(shard => NumberHistory.Random(random, shard, random.Next(1, 40)))];
        return holds(random, histories);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    /// <summary>The shards' events mixed, each shard in its order.</summary>
    private static List<Number?> Interleave(Random random, NumberHistory[] histories)
    {
        var queues = histories.Select(history => new Queue<Number>(history.Events)).ToList();
        var topic = new List<Number?>();
        while (queues.Find(queue => queue.Count > 0) is not null)
        {
            if (queues[random.Next(queues.Count)].TryDequeue(out var next))
            {
                topic.Add(next);
            }
        }

        return topic;
    }

    /// <summary>The same, published again from an earlier place now and then.</summary>
    private static List<Number?> Replayed(Random random, NumberHistory[] histories)
    {
        var topic = Interleave(random, histories);
        for (var times = random.Next(4); times > 0; times--)
        {
            var end = random.Next(1, topic.Count + 1);
            var begin = random.Next(end);
            topic.InsertRange(end, topic.GetRange(begin, end - begin));
        }

        return topic;
    }

    private static bool AllFolded(SimulatedDatabase database, NumberHistory[] histories) => histories.Select((history, shard) => (history, shard))
        .All(pair => database.Shard(pair.shard) is { } held && held.Sequence == pair.history.Events.Count && held.Count == held.Sequence)
        && TruePrefixes(database, histories);

    private static bool TruePrefixes(SimulatedDatabase database, NumberHistory[] histories) => histories.Select((history, shard) => (history, shard))
        .All(pair => database.Shard(pair.shard) is not { } held || held.State == pair.history.TotalAt(held.Sequence));
}
