namespace Tally.Outbox.Storage;

/// <summary>The idempotency keys of a batch; those with the same index belong together.</summary>
/// <param name="Keys">The keys, each once.</param>
/// <param name="Fingerprints">What was asked with each.</param>
/// <param name="Places">Which payload of the batch each belongs to.</param>
internal sealed record BatchKeys(byte[][] Keys, byte[][] Fingerprints, int[] Places);

/// <summary>Where the result of a key stands that was stored before.</summary>
/// <param name="Place">Which payload of the batch asked for it.</param>
/// <param name="Fingerprint">What was asked when it was stored.</param>
/// <param name="Position">Where it stands.</param>
internal readonly record struct KnownKey(int Place, byte[] Fingerprint, OutboxPosition Position);

/// <summary>What became of a batch with keys.</summary>
internal enum KeyedOutcome
{
    /// <summary>All of it is stored.</summary>
    Stored,

    /// <summary>Nothing is stored: the shard was claimed by somebody else.</summary>
    Fenced,

    /// <summary>Nothing is stored: some of its keys are known.</summary>
    Known,

    /// <summary>Nothing is stored: one of its keys is known, or somebody else stored it at the same instant. Looked for, it is found.</summary>
    Overtaken,
}
