using System.Diagnostics;
using Grpc.Core;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;
using Xunit.Abstractions;

namespace Tally.AppHost.Tests.Chaos;

/// <summary>The network between each two parts breaks in each way, under load, and is whole again; then the proof must hold soon.</summary>
[Collection(nameof(WholeSystems))]
public sealed class NetworkFaultTests(ProxiedSystem system, ITestOutputHelper output) : IClassFixture<ProxiedSystem>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Healing = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Shortly = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(25);
    private static readonly StatusCode[] Allowed = [StatusCode.Unavailable, StatusCode.DeadlineExceeded, StatusCode.ResourceExhausted];

    /// <summary>Each link with each fault.</summary>
    public static TheoryData<Link, NetworkFault> All
    {
        get
        {
            var all = new TheoryData<Link, NetworkFault>();
            foreach (var link in Enum.GetValues<Link>())
            {
                foreach (var fault in Enum.GetValues<NetworkFault>())
                {
                    all.Add(link, fault);
                }
            }

            return all;
        }
    }

    // One of each link, and some of the worst; all of them, and for longer, below.
    [KafkaTheory(Toxiproxy.Program)]
    [InlineData(Link.CallerToCalculator, NetworkFault.Cut)]
    [InlineData(Link.CalculatorToPostgres, NetworkFault.Cut)]
    [InlineData(Link.CalculatorToPostgres, NetworkFault.Slow)]
    [InlineData(Link.CalculatorToKafka, NetworkFault.Cut)]
    [InlineData(Link.TotalsToKafka, NetworkFault.Cut)]
    [InlineData(Link.TotalsToKafka, NetworkFault.HalfOpen)]
    [InlineData(Link.TotalsToPostgres, NetworkFault.Cut)]
    [InlineData(Link.TotalsToCalculator, NetworkFault.Cut)]
    public Task Nothing_is_lost_or_hangs_when_the_network_breaks_for_a_moment(Link link, NetworkFault fault) => ProveAsync(link, fault, Shortly);

    [ThoroughTheory(Toxiproxy.Program)]
    [MemberData(nameof(All))]
    public Task Nothing_is_lost_or_hangs_when_the_network_breaks_for_long(Link link, NetworkFault fault) => ProveAsync(link, fault, Long);

    private async Task ProveAsync(Link link, NetworkFault fault, TimeSpan lasts)
    {
        await system.EnsureStartedAsync();
        try
        {
            await ProveItAsync(link, fault, lasts);
        }
        catch
        {
            foreach (var line in system.LastWords(40))
            {
                output.WriteLine(line);
            }

            await system.StopAsync();
            throw;
        }
    }

    private async Task ProveItAsync(Link link, NetworkFault fault, TimeSpan lasts)
    {
        await using var callers = system.Call();
        await callers.AnsweredAsync(since: 0, Patience);

        await system.BreakAsync(link, fault);
        try
        {
            await BeFeltAsync(link, fault, callers);
            await Task.Delay(lasts);
        }
        finally
        {
            await system.MendAsync(link, fault);
        }

        var mended = Stopwatch.GetTimestamp();
        await callers.AnsweredAsync(mended, Healing);
        output.WriteLine($"answered after {Stopwatch.GetElapsedTime(mended).TotalSeconds:0.0} s");
        system.Books += await callers.EndAsync(Left());
        output.WriteLine($"all answered after {Stopwatch.GetElapsedTime(mended).TotalSeconds:0.0} s");
        Assert.Empty(await system.ProblemsAsync(Left()));
        output.WriteLine($"proved after {Stopwatch.GetElapsedTime(mended).TotalSeconds:0.0} s");
        await Eventually.TrueAsync(async () => await system.ConfirmedAsync() == await system.StoredAsync(), Left());
        output.WriteLine($"confirmed after {Stopwatch.GetElapsedTime(mended).TotalSeconds:0.0} s");
        await Eventually.TrueAsync(system.IsWellAsync, Left());
        output.WriteLine($"well after {Stopwatch.GetElapsedTime(mended).TotalSeconds:0.0} s");

        foreach (var kind in callers.Failures.GroupBy(failure => (failure.Code, failure.Detail)))
        {
            output.WriteLine($"{kind.Count()} × {kind.Key.Code}: {kind.Key.Detail}");
        }

        // Adds need the Calculator and its database, and nothing else.
        Assert.All(callers.Failures, failure => Assert.Contains(failure.Code, Allowed));
        Assert.True(IsNeeded(link) || callers.Failures.Count == 0, $"{callers.Failures.Count} adds failed.");
        if (fault == NetworkFault.HalfOpen)
        {
            await system.RenewAsync(link);
        }

        TimeSpan Left() => Healing - Stopwatch.GetElapsedTime(mended) is var left && left > Shortly ? left : Shortly;
    }

    private static bool IsNeeded(Link link) => link is Link.CallerToCalculator or Link.CalculatorToPostgres;

    /// <summary>Waits until the fault does what it should.</summary>
    private async Task BeFeltAsync(Link link, NetworkFault fault, KeyedCallers callers)
    {
        var broken = Stopwatch.GetTimestamp();
        var isStill = fault is NetworkFault.Cut or NetworkFault.HalfOpen;
        if (isStill && IsNeeded(link))
        {
            await callers.FailedAsync(broken, Patience);
            return;
        }

        await callers.AnsweredAsync(broken, Patience);
        if (isStill)
        {
            // More than is under way while all is well; what is held is confirmed every five seconds.
            var behind = KeyedCallers.Rate * (link == Link.TotalsToCalculator ? 8 : 2);
            Func<Task<long>> arrived = link == Link.TotalsToCalculator ? system.ConfirmedAsync : system.AppliedAsync;
            await Eventually.TrueAsync(async () => await system.StoredAsync() - await arrived() > behind, Patience);
        }
    }
}
