namespace Tally.AppHost.Proof;

/// <summary>Decides whether the evidence is a proof. No problem means that nothing was lost, doubled or changed.</summary>
internal static class Judge
{
    /// <summary>What is wrong, a sentence each: which shard, which place, by how much.</summary>
    public static IReadOnlyList<string> ProblemsOf(Evidence evidence, Books? books = null)
    {
        var problems = new List<string>();
        foreach (var shard in evidence.Shards)
        {
            JudgeShard(shard, adopted: evidence.Adopted != default, problems);
        }

        if (evidence.Gaps != 0)
        {
            problems.Add($"Totals reports {evidence.Gaps} open gaps.");
        }

        if (evidence.History is { } history && history + evidence.HistoryBefore != evidence.Applied)
        {
            var before = evidence.HistoryBefore.Count == 0 ? "" : $" and {evidence.HistoryBefore} were counted without it";
            problems.Add($"Totals' history holds {history}{before}, but its total is {evidence.Applied}.");
        }

        if (books is { } callers)
        {
            JudgeBooks(callers, evidence.Stored, evidence.Adopted, problems);
        }

        return problems;
    }

    private static void JudgeShard(ShardEvidence shard, bool adopted, List<string> problems)
    {
        var name = $"Shard {shard.Shard}";
        if (shard.State != "ok")
        {
            problems.Add($"{name} stands still in Totals ({shard.State}){(shard.Reason is null ? "" : $": {shard.Reason}")}.");
        }

        if (shard.IsUnknown)
        {
            if (shard.Applied != default)
            {
                problems.Add($"{name}: Totals holds {shard.Applied} of it, but the outbox has no such shard.");
            }

            return;
        }

        if (shard.Damage is not null)
        {
            problems.Add($"{name}: {shard.Damage}.");
        }

        if (shard.Stored.Count != shard.Position)
        {
            problems.Add(
                $"{name}: the outbox holds {shard.Stored.Count} of {shard.Position} results"
                + $" ({Missing(shard.Position - shard.Stored.Count)}).");
        }

        Compare($"{name}: Kafka acknowledged", shard.Published, shard.Stored, problems);
        Compare($"{name}: the total holds", shard.Applied, shard.Stored, problems);

        // Where a fork was adopted, Totals is in the epoch of the history to come, even before its first result.
        var isAhead = adopted && shard.AppliedEpoch > shard.StoredEpoch;
        if (shard.Position > 0 && shard.Applied == shard.Stored && shard.AppliedEpoch != shard.StoredEpoch && !isAhead)
        {
            problems.Add($"{name}: Totals is in epoch {shard.AppliedEpoch}, but result {shard.Position} was stored in epoch {shard.StoredEpoch}.");
        }
    }

    private static void Compare(string place, Figure found, Figure stored, List<string> problems)
    {
        if (found.Count != stored.Count)
        {
            problems.Add($"{place} {found.Count} results, {stored.Count} are stored ({Missing(stored.Count - found.Count)}).");
        }
        else if (found.Sum != stored.Sum)
        {
            problems.Add($"{place} the sum {found.Sum}, stored is {stored.Sum} (differs by {found.Sum - stored.Sum}).");
        }
    }

    /// <summary>What was adopted isn't stored any more, but callers were promised it, or never learnt of it.</summary>
    private static void JudgeBooks(Books books, Figure inOutbox, Figure adopted, List<string> problems)
    {
        var stored = inOutbox + adopted;
        if (books.Wrong != 0)
        {
            problems.Add($"{books.Wrong} calls were answered with a wrong result.");
        }

        if (books.Refused != 0)
        {
            problems.Add($"{books.Refused} calls were refused, or given up after many attempts.");
        }

        if (stored.Count < books.Accepted.Count)
        {
            problems.Add(
                $"Callers were promised {books.Accepted.Count} results, but {stored.Count} are stored"
                + $" ({Missing(books.Accepted.Count - stored.Count)}).");
        }
        else if (stored.Count > books.Accepted.Count + books.Unknown)
        {
            problems.Add(
                $"{stored.Count} results are stored, but callers know of {books.Accepted.Count} accepted and {books.Unknown} unknown ones only"
                + $" ({stored.Count - books.Accepted.Count - books.Unknown} too many).");
        }
        else if (books.Unknown == 0 && stored.Sum != books.Accepted.Sum)
        {
            problems.Add(
                $"Stored is the sum {stored.Sum}, but callers were promised {books.Accepted.Sum}"
                + $" (differs by {stored.Sum - books.Accepted.Sum}).");
        }
    }

    private static string Missing(long missing) => missing > 0 ? $"{missing} missing" : $"{-missing} too many";
}
