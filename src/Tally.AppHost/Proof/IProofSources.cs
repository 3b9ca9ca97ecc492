using Tally.Outbox;

namespace Tally.AppHost.Proof;

/// <summary>The places that a proof looks at, each in its own way.</summary>
internal interface IProofSources
{
    /// <summary>How far every shard of the outbox is committed, and relayed to Kafka.</summary>
    Task<IReadOnlyList<OutboxShardPosition>> ReadOutboxAsync(CancellationToken cancellationToken);

    /// <summary>How far Totals is, and with what.</summary>
    Task<TotalsStatus> ReadTotalsAsync(CancellationToken cancellationToken);

    /// <summary>Adds up a shard's payloads up to <paramref name="to"/>, and what retention dropped before them.</summary>
    /// <returns>Null when retention went beyond <paramref name="to"/> meanwhile: then nobody can say any more what there was up to there.</returns>
    Task<StoredSum?> AddUpAsync(int shard, long to, long relayed, CancellationToken cancellationToken);
}

/// <summary>A shard of the outbox, added up.</summary>
/// <param name="Stored">All of it, trimmed or there.</param>
/// <param name="Published">What lies at or below the highest sequence that Kafka acknowledged.</param>
/// <param name="LastEpoch">The epoch of the last one; 0 when there is none.</param>
/// <param name="Damage">The first payload that isn't what its row says, in words.</param>
/// <param name="Trimmed">What of it retention dropped.</param>
internal sealed record StoredSum(Figure Stored, Figure Published, long LastEpoch, string? Damage, Figure Trimmed = default);
