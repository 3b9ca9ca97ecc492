namespace Grpc.Core;

/// <summary>What the four kinds of calls have in common: functions over one state object, so that a call needs no closures.</summary>
internal readonly struct AsyncCallControls(
    Func<object, Task<Metadata>> headers, Func<object, Status> status, Func<object, Metadata> trailers, Action<object> dispose, object state)
{
    /// <summary>The same from functions without a state.</summary>
    public static AsyncCallControls Of(Task<Metadata> headers, Func<Status> status, Func<Metadata> trailers, Action dispose) =>
        new(_ => headers, _ => status(), _ => trailers(), _ => dispose(), new object());

    public Task<Metadata> Headers => headers(state);

    public Status Status => status(state);

    public Metadata Trailers => trailers(state);

    public void Dispose() => dispose(state);
}
