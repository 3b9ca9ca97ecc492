namespace Tally.Outbox.Storage;

/// <summary>Results that were committed together, as the table holds them and the relay publishes them.</summary>
/// <param name="FirstSequence">The sequence of the first payload.</param>
/// <param name="Payloads">The payloads in order; the arrays are never changed.</param>
/// <param name="Topic">Where to.</param>
/// <param name="Headers">The headers of each payload as a JSON object, or null where it has none; null when none has any.</param>
/// <param name="Epoch">The epoch in which it was committed.</param>
internal sealed record CommittedBatch(long FirstSequence, byte[][] Payloads, string Topic, string?[]? Headers, long Epoch)
{
    public long LastSequence => FirstSequence + Payloads.Length - 1;
}

/// <summary>A batch without its payloads.</summary>
/// <param name="FirstSequence">Its first result.</param>
/// <param name="LastSequence">Its last result.</param>
/// <param name="Epoch">The epoch in which it was committed.</param>
/// <param name="State">The application's state after it.</param>
internal sealed record BatchHead(long FirstSequence, long LastSequence, long Epoch, byte[] State);
