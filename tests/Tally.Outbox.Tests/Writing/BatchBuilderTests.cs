using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Tally.Outbox.Writing;

namespace Tally.Outbox.Tests.Writing;

public sealed class BatchBuilderTests
{
    private const long SegmentSize = 1_000;

    private readonly OutboxOptions _options = new();
    private readonly AppendQueue<string> _queue = new(10_000, new Signal());

    [Fact]
    public void A_batch_takes_what_waits_and_the_state_runs_along()
    {
        _ = Append("a", "bb");

        var batch = Build(firstSequence: 5, state: 10)!;

        Assert.Equal(["5:10:a", "6:11:bb"], Texts(batch));
        Assert.Equal(13, batch.StateAfter);
        Assert.Equal((5, 6), (batch.Rows.FirstSequence, batch.Rows.LastSequence));
        Assert.Null(Build(7, 13));
    }

    [Fact]
    public void A_batch_ends_at_the_limit_of_results()
    {
        _options.MaxBatchResults = 2;
        _ = Append("a", "b", "c");

        var builder = Builder();

        Assert.Equal(2, builder.Next(At(1), 0, SegmentSize)!.Count);
        Assert.Equal(["3:2:c"], Texts(builder.Next(At(3), 2, SegmentSize)!));
    }

    [Fact]
    public void A_batch_ends_at_the_limit_of_bytes()
    {
        _options.MaxBatchBytes = 1_024;
        _ = Append(new string('a', 700), new string('b', 700), "c");

        var builder = Builder();

        Assert.Equal(2, builder.Next(At(1), 0, SegmentSize)!.Count);
        Assert.Equal(1, builder.Next(At(3), 0, SegmentSize)!.Count);
    }

    [Fact]
    public void A_batch_never_crosses_the_border_of_a_segment()
    {
        _ = Append("a", "b", "c");

        var builder = Builder();

        Assert.Equal(2, builder.Next(At(999), 0, SegmentSize)!.Count);
        Assert.Equal(1_001, builder.Next(At(1_001), 0, SegmentSize)!.Rows.FirstSequence);
    }

    [Fact]
    public void A_batch_has_one_topic()
    {
        _ = AppendTo("one", "a");
        _ = AppendTo("two", "b");

        var builder = Builder();

        Assert.Equal("one", builder.Next(At(1), 0, SegmentSize)!.Rows.Topic);
        Assert.Equal("two", builder.Next(At(2), 0, SegmentSize)!.Rows.Topic);
    }

    [Fact]
    public async Task What_the_encoder_refuses_fails_alone_and_leaves_no_trace_in_the_state()
    {
        _ = Append("a");
        var refused = Append("refuse");
        var broken = Append("throw");
        _ = Append("b");

        var batch = Build(1, 0)!;

        Assert.Equal(["1:0:a", "2:1:b"], Texts(batch));
        Assert.Equal(OutboxFault.Refused, (await Assert.ThrowsAsync<OutboxException>(() => refused)).Fault);
        var fault = await Assert.ThrowsAsync<OutboxException>(() => broken);
        Assert.Equal(OutboxFault.EncoderFailed, fault.Fault);
        Assert.DoesNotContain("secret", fault.Message);
        Assert.Equal(2, _queue.Count);
    }

    [Fact]
    public async Task A_payload_that_the_broker_would_not_take_is_refused_before_the_commit()
    {
        _options.MaxPayloadBytes = 64;
        var tooLarge = Append(new string('x', 64));
        _ = Append("b");

        var batch = Build(1, 0)!;

        Assert.Equal(["1:0:b"], Texts(batch));
        var fault = await Assert.ThrowsAsync<OutboxException>(() => tooLarge);
        Assert.Equal(OutboxFault.TooLarge, fault.Fault);
        Assert.Contains("64", fault.Message);
    }

    [Fact]
    public async Task A_caller_that_gave_up_before_costs_no_commit()
    {
        using var gaveUp = new CancellationTokenSource();
        var pending = PendingAppend<string>.Rent(new("a", "topic"), gaveUp.Token);
        Assert.True(_queue.TryEnqueue(pending));
        await gaveUp.CancelAsync();

        Assert.Null(Build(1, 0));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pending.Task);
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public void Headers_stand_beside_their_payload()
    {
        _ = Append("a");
        Assert.True(_queue.TryEnqueue(PendingAppend<string>.Rent(
            new("b", "topic", Headers: new Dictionary<string, string> { ["traceparent"] = "00-1" }), default)));

        Assert.Equal(new string?[] { null, """{"traceparent":"00-1"}""" }, Build(1, 0)!.Rows.Headers!);
    }

    private static OutboxPosition At(long sequence) => new(Guid.Empty, 0, 1, 1, sequence);

    private static IEnumerable<string> Texts(Batch<string, int> batch) => batch.Rows.Payloads.Select(Encoding.UTF8.GetString);

    private BatchBuilder<string, int> Builder() => new(new Encoder(), _options, _queue, TimeProvider.System, NullLogger.Instance);

    private Batch<string, int>? Build(long firstSequence, int state) => Builder().Next(At(firstSequence), state, SegmentSize);

    private Task<OutboxPosition> Append(params string[] items) => AppendTo("topic", items);

    private Task<OutboxPosition> AppendTo(string topic, params string[] items)
    {
        var last = Task.FromResult(default(OutboxPosition));
        foreach (var item in items)
        {
            var pending = PendingAppend<string>.Rent(new(item, topic), CancellationToken.None);
            last = pending.Task.AsTask();
            Assert.True(_queue.TryEnqueue(pending));
        }

        return last;
    }

    /// <summary>The state is the number of characters so far.</summary>
    private sealed class Encoder : IOutboxEncoder<string, int>
    {
        public int Initial => 0;

        public int Load(ReadOnlySpan<byte> saved) => saved[0];

        public byte[] Save(int state) => [(byte)state];

        public byte[] Encode(string item, in OutboxPosition position, DateTimeOffset committing, ref int state)
        {
            var before = state;
            state += item.Length;
            return item switch
            {
                "refuse" => throw new OutboxException(OutboxFault.Refused, "not this one"),
                "throw" => throw new InvalidDataException("secret"),
                _ => Encoding.UTF8.GetBytes($"{position.Sequence}:{before}:{item}"),
            };
        }
    }
}
