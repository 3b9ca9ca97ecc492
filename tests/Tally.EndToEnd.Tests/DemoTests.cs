using System.Globalization;
using System.Text.Json;
using Tally.TestSupport;

namespace Tally.EndToEnd.Tests;

[Collection(nameof(OwnSystems))]
public sealed class DemoTests
{
    // On whatever Kafka there is: it must work on the oldest, too.
    [Fact]
    public async Task A_demo_proves_that_every_accepted_sum_is_everywhere_once()
    {
        await using var demo = TallyProgram.Start("demo", "--calls", "3000", "--callers", "20", "--seed", "7", "--json");
        var folder = (await demo.WaitForErrorLineAsync("^data folder (.+)$")).Groups[1].Value;
        var pids = await PidsAsync(demo);

        Assert.True(await demo.WaitForExitAsync() == 0, demo.Out + demo.Error);

        var proof = demo.Json;
        AssertProved(proof, 3000);
        Assert.Equal(0, proof.GetProperty("unknown").GetInt64());
        Assert.True(proof.GetProperty("seconds").GetDouble() > 0);
        Assert.Equal(7, proof.GetProperty("seed").GetInt64());
        Assert.Equal("ready", proof.GetProperty("components").GetProperty("calculator-1").GetProperty("state").GetString());
        Assert.False(Directory.Exists(folder));
        Assert.DoesNotContain(pids.Values, Signals.IsAlive);
    }

    [ThoroughFact]
    public async Task The_proof_holds_when_both_services_are_killed_in_the_middle()
    {
        const int Calls = 200_000;
        await using var demo = TallyProgram.Start("demo", "--calls", $"{Calls}", "--json");
        var pids = await PidsAsync(demo);
        await demo.WaitForErrorLineAsync("^adding: [1-9]");

        await Signals.KillAsync(pids["totals-1"]);
        await Signals.KillAsync(pids["calculator-1"]);

        Assert.True(await demo.WaitForExitAsync() == 0, demo.Out + demo.Error);
        AssertProved(demo.Json, Calls);
        Assert.All(["totals-1", "calculator-1"], service => Assert.NotEqual(
            pids[service], demo.Json.GetProperty("components").GetProperty(service).GetProperty("pid").GetInt32()));
    }

    [KafkaFact]
    public async Task An_interrupted_demo_stops_everything()
    {
        await using var demo = TallyProgram.Start("demo", "--calls", "100000000", "--json");
        var folder = (await demo.WaitForErrorLineAsync("^data folder (.+)$")).Groups[1].Value;
        var pids = await PidsAsync(demo);
        await demo.WaitForErrorLineAsync("^adding: [1-9]");

        await Signals.InterruptAsync(demo.Pid);

        Assert.Equal(130, await demo.WaitForExitAsync());
        Assert.Equal("CANCELLED", demo.Json.GetProperty("error").GetProperty("code").GetString());
        Assert.DoesNotContain(pids.Values, Signals.IsAlive);
        Assert.False(Directory.Exists(folder));
    }

    /// <summary>The process ids that a demo tells on standard error.</summary>
    private static async Task<Dictionary<string, int>> PidsAsync(TallyProgram demo)
    {
        var line = await demo.WaitForErrorLineAsync("^process ids: (.+)$");
        return line.Groups[1].Value.Split(", ").Select(part => part.Split(' ')).Where(part => part[1].Length > 0)
            .ToDictionary(part => part[0], part => int.Parse(part[1], CultureInfo.InvariantCulture), StringComparer.Ordinal);
    }

    private static void AssertProved(JsonElement proof, long calls)
    {
        Assert.True(proof.GetProperty("ok").GetBoolean());
        var (accepted, stored, unknown) = (Count("accepted"), Count("stored"), proof.GetProperty("unknown").GetInt64());
        Assert.Equal(calls, accepted + unknown);
        Assert.InRange(stored, accepted, accepted + unknown);
        Assert.Equal(proof.GetProperty("stored").GetRawText(), proof.GetProperty("published").GetRawText());
        Assert.Equal(proof.GetProperty("stored").GetRawText(), proof.GetProperty("applied").GetRawText());
        if (unknown == 0)
        {
            Assert.Equal(proof.GetProperty("accepted").GetRawText(), proof.GetProperty("stored").GetRawText());
        }

        long Count(string place) => proof.GetProperty(place).GetProperty("count").GetInt64();
    }
}

/// <summary>Tests that start systems of their own: one at a time, since each needs the whole machine.</summary>
[CollectionDefinition(nameof(OwnSystems), DisableParallelization = true)]
public sealed class OwnSystems;
