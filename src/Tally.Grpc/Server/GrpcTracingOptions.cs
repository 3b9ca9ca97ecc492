using System.Diagnostics;

namespace Tally.Rpc.Server;

/// <summary>Which calls get a span.</summary>
public sealed class GrpcTracingOptions
{
    /// <summary>
    /// Whether a call of that method (<c>tally.v1.Calculator/Add</c>) gets one, given the context that it came with (the default one where it brought none).
    /// Asked before the span is made, since a listener's sampler decides too late to save that work: it makes one for each call that brings no trace, also for
    /// those that aren't kept. Default: every call, and the listener decides.
    /// </summary>
    public Func<string, ActivityContext, bool> IsWanted { get; set; } = static (_, _) => true;
}
