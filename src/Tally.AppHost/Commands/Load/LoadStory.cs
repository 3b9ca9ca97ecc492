using Tally.AppHost.Commands.Output;
using Tally.AppHost.Proof;

namespace Tally.AppHost.Commands.Load;

/// <summary>A load test on a running system: what is there already is added up, the calls are made, and the proof says whether each is in the total once.</summary>
internal sealed class LoadStory(LoadPlan plan, ILoadGenerator generator, CommandOutput output, TimeProvider time)
{
    /// <param name="target">The system.</param>
    /// <param name="isFresh">Whether nothing was ever stored there.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<ProofReport> RunAsync(LoadTarget target, bool isFresh, CancellationToken cancellationToken)
    {
        // Before the first call: what it finds must have a place to be written to.
        Directory.CreateDirectory(plan.Folder);
        await using var sources = new LiveSources(target.Database, target.TotalsHttp);
        var before = isFresh ? default : StoredOf(await CollectAsync(sources, cancellationToken));

        var began = time.GetTimestamp();
        var outcome = await generator.RunAsync(target, plan, cancellationToken);
        var evidence = await CollectAsync(sources, cancellationToken);
        var seconds = time.GetElapsedTime(began).TotalSeconds;
        if (outcome.FirstFailure is { } failure)
        {
            output.Note($"Not every call was answered OK; for example: {failure}");
        }

        var load = new LoadReport(plan, generator.Name, before, outcome);
        var problems = Judge.ProblemsOf(evidence, outcome.Books with { Accepted = before + outcome.Books.Accepted });
        var report = new ProofReport(evidence, outcome.Books, problems)
        {
            Seconds = seconds,
            Seed = generator.Seed,
            Components = await ComponentProbe.AskAsync(target.State, cancellationToken),
            Load = load,
            Shortcomings = [.. load.Problems],
        };
        try
        {
            await LoadFiles.WriteAsync(report, load);
        }
        catch (Exception full) when (full is IOException or UnauthorizedAccessException)
        {
            output.Note($"The summary can't be written to {plan.Folder}: {full.Message}");
        }

        return report;
    }

    /// <summary>What was stored before, as the judge counts it: what was adopted was promised, too.</summary>
    private static Figure StoredOf(Evidence evidence) => evidence.Stored + evidence.Adopted;

    private async Task<Evidence> CollectAsync(LiveSources sources, CancellationToken cancellationToken)
    {
        using var status = new StatusLine(output.Terminal, time);
        return await new ProofRun(sources, time).CollectAsync(plan.Patience, status.Show, cancellationToken);
    }
}
