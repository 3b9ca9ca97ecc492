namespace Grpc.Core;

/// <summary>What a caller may say about one call besides its request.</summary>
/// <param name="headers">Headers to send.</param>
/// <param name="deadline">When the caller gives up; UTC, or converted to it. None: waits for ever.</param>
/// <param name="cancellationToken">Cancels the call.</param>
/// <param name="writeOptions">How the request is written.</param>
public readonly struct CallOptions(
    Metadata? headers = null, DateTime? deadline = null, CancellationToken cancellationToken = default, WriteOptions? writeOptions = null)
{
    /// <summary>Headers to send.</summary>
    public Metadata? Headers { get; } = headers;

    /// <summary>When the caller gives up.</summary>
    public DateTime? Deadline { get; } = deadline;

    /// <summary>Cancels the call.</summary>
    public CancellationToken CancellationToken { get; } = cancellationToken;

    /// <summary>How the request is written.</summary>
    public WriteOptions? WriteOptions { get; } = writeOptions;

    /// <summary>The same with other headers.</summary>
    public CallOptions WithHeaders(Metadata headers) => new(headers, Deadline, CancellationToken, WriteOptions);

    /// <summary>The same with another deadline.</summary>
    public CallOptions WithDeadline(DateTime deadline) => new(Headers, deadline, CancellationToken, WriteOptions);

    /// <summary>The same with another token.</summary>
    public CallOptions WithCancellationToken(CancellationToken cancellationToken) => new(Headers, Deadline, cancellationToken, WriteOptions);

    /// <summary>The same with other write options.</summary>
    public CallOptions WithWriteOptions(WriteOptions writeOptions) => new(Headers, Deadline, CancellationToken, writeOptions);
}
