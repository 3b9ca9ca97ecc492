namespace Tally.AppHost.Proof;

/// <summary>What was found in all places: stored in the outbox, published to Kafka, applied to the total.</summary>
internal sealed record Evidence(IReadOnlyList<ShardEvidence> Shards)
{
    public long DuplicatesSuppressed { get; init; }

    public long Gaps { get; init; }

    public long Quarantined { get; init; }

    /// <summary>
    /// What callers were promised and the outbox lost, as a database does that is restored from a backup: kept in the total when the fork was adopted. In no shard's
    /// figures.
    /// </summary>
    public Figure Adopted { get; init; }

    /// <summary>What of <see cref="Stored"/> retention dropped: known by what was written down then, no longer by its payloads.</summary>
    public Figure Trimmed => Sum(shard => shard.Trimmed);

    /// <summary>What Totals' table of values holds; null when it keeps none.</summary>
    public Figure? History { get; init; }

    /// <summary>What Totals counted while it kept no table of values.</summary>
    public Figure HistoryBefore { get; init; }

    public Figure Stored => Sum(shard => shard.Stored);

    public Figure Published => Sum(shard => shard.Published);

    /// <summary>The total: what is applied of all shards, and what was adopted.</summary>
    public Figure Applied => Sum(shard => shard.Applied) + Adopted;

    private Figure Sum(Func<ShardEvidence, Figure> place) =>
        Shards.Aggregate(default(Figure), (sum, shard) => sum + place(shard));
}

/// <summary>What was found of one shard up to <see cref="Position"/>: every place is compared there.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Position">How many results there must be: the last sequence that Totals applied, or the outbox committed when the check began.</param>
internal sealed record ShardEvidence(int Shard, long Position)
{
    /// <summary>Whether the outbox has no such shard, though Totals reports it.</summary>
    public bool IsUnknown { get; init; }

    /// <summary>The payloads in the outbox, added up, and <see cref="Trimmed"/>.</summary>
    public Figure Stored { get; init; }

    /// <summary>What retention dropped.</summary>
    public Figure Trimmed { get; init; }

    /// <summary>The same, up to what Kafka acknowledged.</summary>
    public Figure Published { get; init; }

    /// <summary>What Totals says.</summary>
    public Figure Applied { get; init; }

    /// <summary>The epoch of the last stored result; must be the one that Totals holds there.</summary>
    public long StoredEpoch { get; init; }

    /// <summary>The epoch that Totals holds.</summary>
    public long AppliedEpoch { get; init; }

    /// <summary>How Totals is with it: <c>ok</c>, or why it stands still.</summary>
    public string State { get; init; } = "ok";

    /// <summary>More about the state, if Totals says more.</summary>
    public string? Reason { get; init; }

    /// <summary>The first payload in the outbox that isn't what its row says, in words; null when all are.</summary>
    public string? Damage { get; init; }
}
