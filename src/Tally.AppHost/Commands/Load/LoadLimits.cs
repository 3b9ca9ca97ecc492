namespace Tally.AppHost.Commands.Load;

/// <summary>What a scenario demands beside completeness.</summary>
/// <param name="FailedShare">The largest share of calls that may fail or not begin.</param>
/// <param name="P95">How long 95 of 100 answered calls may take.</param>
/// <param name="P99">How long 99 of 100 may take.</param>
internal sealed record LoadLimits(double FailedShare, TimeSpan P95, TimeSpan P99)
{
    /// <summary>What is wrong, a sentence each.</summary>
    public IEnumerable<string> ProblemsOf(LoadStep all)
    {
        if (all.FailedShare > FailedShare)
        {
            yield return $"{all.Failed} calls failed and {all.NotBegun} never began, of {all.Due}; at most {FailedShare:0.##%} may.";
        }

        if (all.Latency.P95 > P95)
        {
            yield return $"p95 is {all.Latency.P95.TotalMilliseconds:0.#} ms; at most {P95.TotalMilliseconds:0} ms are allowed.";
        }

        if (all.Latency.P99 > P99)
        {
            yield return $"p99 is {all.Latency.P99.TotalMilliseconds:0.#} ms; at most {P99.TotalMilliseconds:0} ms are allowed.";
        }
    }
}
