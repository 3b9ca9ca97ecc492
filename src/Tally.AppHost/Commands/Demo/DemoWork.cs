namespace Tally.AppHost.Commands.Demo;

/// <summary>The calls of a demo: so many, each as soon as a caller is free.</summary>
internal sealed class DemoWork(RandomSums sums, long calls) : ICallSource
{
    private long _taken;
    private long _done;

    /// <summary>How many calls there are.</summary>
    public long Calls => calls;

    /// <summary>How many have ended.</summary>
    public long DoneCalls => Interlocked.Read(ref _done);

    public ValueTask<NumberedSum?> TakeAsync(CancellationToken cancellationToken)
    {
        var call = Interlocked.Increment(ref _taken) - 1;
        return ValueTask.FromResult<NumberedSum?>(call < calls ? new NumberedSum(call, sums.At(call)) : null);
    }

    public void Done(NumberedSum call, bool isAnswered) => Interlocked.Increment(ref _done);
}
