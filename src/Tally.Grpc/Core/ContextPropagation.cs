namespace Grpc.Core;

/// <summary>Hands deadline and cancellation of a call on to the calls that its handler makes.</summary>
public abstract class ContextPropagationToken
{
    private protected ContextPropagationToken()
    {
    }
}

/// <summary>What is handed on.</summary>
/// <param name="propagateDeadline">Whether the deadline is.</param>
/// <param name="propagateCancellation">Whether cancellation is.</param>
public class ContextPropagationOptions(bool propagateDeadline = true, bool propagateCancellation = true)
{
    /// <summary>Both.</summary>
    public static readonly ContextPropagationOptions Default = new();

    /// <summary>Whether the deadline is handed on.</summary>
    public bool IsPropagateDeadline { get; } = propagateDeadline;

    /// <summary>Whether cancellation is handed on.</summary>
    public bool IsPropagateCancellation { get; } = propagateCancellation;
}
