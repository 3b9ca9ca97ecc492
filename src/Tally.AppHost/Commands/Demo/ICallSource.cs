namespace Tally.AppHost.Commands.Demo;

/// <summary>The calls that callers share.</summary>
internal interface ICallSource
{
    /// <summary>The next call, when its time has come; null when there are no more.</summary>
    ValueTask<NumberedSum?> TakeAsync(CancellationToken cancellationToken);

    /// <summary>A call has ended.</summary>
    /// <param name="call">Which one.</param>
    /// <param name="isAnswered">Whether it was answered OK.</param>
    void Done(NumberedSum call, bool isAnswered);
}

/// <summary>A call, and which one it is: the number is part of its idempotency key.</summary>
internal readonly record struct NumberedSum(long Number, RandomSum Sum)
{
    /// <summary>When it was taken, as a timestamp; 0 where nobody needs to know.</summary>
    public long TakenAt { get; init; }
}
