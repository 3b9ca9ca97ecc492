namespace Tally.Outbox.Relaying;

/// <summary>The wish that a shard is published again.</summary>
/// <param name="Id">Whose wish: it is cleared by this.</param>
/// <param name="FromSequence">The first result.</param>
/// <param name="Noticed">
/// When this process learnt of it. A producer from before that isn't used for it: after Kafka lost its disk, the broker may acknowledge to such a
/// producer what it doesn't store.
/// </param>
internal sealed record Rewind(Guid Id, long FromSequence, long Noticed);
