namespace Grpc.Core;

/// <summary>A way to a server, to be shared by all calls to it.</summary>
/// <param name="target">Where it leads.</param>
public abstract class ChannelBase(string target)
{
    /// <summary>Where it leads.</summary>
    public string Target { get; } = target;

    /// <summary>What makes the calls.</summary>
    public abstract CallInvoker CreateCallInvoker();

    /// <summary>Ends the channel and the calls on it.</summary>
    public Task ShutdownAsync() => ShutdownAsyncCore();

    /// <summary>See <see cref="ShutdownAsync"/>.</summary>
    protected virtual Task ShutdownAsyncCore() => Task.CompletedTask;
}
