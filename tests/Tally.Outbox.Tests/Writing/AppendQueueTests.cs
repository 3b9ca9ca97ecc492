using Tally.Outbox.Writing;

namespace Tally.Outbox.Tests.Writing;

public sealed class AppendQueueTests
{
    [Fact]
    public void What_is_taken_is_what_was_put_in_oldest_first()
    {
        var queue = new AppendQueue<int>(capacity: 10, new Signal());
        foreach (var item in new[] { 1, 2, 3 })
        {
            Assert.True(queue.TryEnqueue(Pending(item)));
        }

        Assert.Equal([1, 2, 3], Items(queue.TakeAll()));
        Assert.Null(queue.TakeAll());
    }

    [Fact]
    public void A_full_queue_refuses_until_answers_were_given()
    {
        var queue = new AppendQueue<int>(capacity: 2, new Signal());
        Assert.True(queue.TryEnqueue(Pending(1)));
        Assert.True(queue.TryEnqueue(Pending(2)));
        Assert.False(queue.TryEnqueue(Pending(3)));

        // Taking alone makes no room: those in the commit under way wait, too.
        queue.TakeAll();
        Assert.False(queue.TryEnqueue(Pending(3)));

        queue.Leave(1);
        Assert.True(queue.TryEnqueue(Pending(3)));
        Assert.Equal(2, queue.Count);
    }

    [Fact]
    public async Task Many_callers_at_once_lose_nothing_and_keep_each_ones_order()
    {
        const int Callers = 4;
        const int Each = 50_000;
        var signal = new Signal();
        var queue = new AppendQueue<(int Caller, int Number)>(Callers * Each, signal);
        var callers = Enumerable.Range(0, Callers).Select(caller => Task.Run(() =>
        {
            for (var number = 0; number < Each; number++)
            {
                Assert.True(queue.TryEnqueue(PendingAppend<(int, int)>.Rent(new((caller, number), "topic"), CancellationToken.None)));
            }
        })).ToArray();

        var next = new int[Callers];
        for (var taken = 0; taken < Callers * Each;)
        {
            var pending = queue.TakeAll();
            if (pending is null)
            {
                await signal.WaitAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
            }

            for (; pending is not null; pending = pending.Next, taken++)
            {
                var (caller, number) = pending.Message.Item;
                Assert.Equal(next[caller]++, number);
            }
        }

        await Task.WhenAll(callers);
        Assert.Null(queue.TakeAll());
    }

    private static PendingAppend<int> Pending(int item) => PendingAppend<int>.Rent(new(item, "topic"), CancellationToken.None);

    private static List<int> Items(PendingAppend<int>? first)
    {
        var items = new List<int>();
        for (; first is not null; first = first.Next)
        {
            items.Add(first.Message.Item);
        }

        return items;
    }
}
