using System.Globalization;
using Tally.AppHost.Hosting;
using Tally.Bench;
using Tally.Bench.Figures;
using Tally.Bench.Load;
using Tally.Bench.Servers;

// Standard output carries the result alone; everything else goes to standard error.
try
{
    return args switch
    {
        ["serve", "bare", .. var settings] => await BareServer.RunAsync(settings),
        ["serve", "echo", .. var settings] => await EchoServer.RunAsync(settings),
        ["serve", "naive", .. var settings] => await NaiveServer.RunAsync(settings),
        ["compare", var before, var now] => Compare(before, now),
        ["grpc", .. var options] => await GrpcCost.RunAsync(BenchOptions.Parse(options)),
        ["durable", .. var options] => await Durable.RunAsync(BenchOptions.Parse(options)),
        ["whole-way", .. var options] => await WholeWay.RunAsync(BenchOptions.Parse(options)),
        ["relay-plain", .. var options] => await RelayPlain.RunAsync(BenchOptions.Parse(options)),
        ["drain", .. var options] => await Drain.RunAsync(BenchOptions.Parse(options)),
        ["backlog", .. var options] => await Backlog.RunAsync(BenchOptions.Parse(options)),
        ["held-snapshot", .. var options] => await HeldSnapshot.RunAsync(BenchOptions.Parse(options)),
        ["telemetry", .. var options] => await TelemetryCost.RunAsync(BenchOptions.Parse(options)),
        ["scrapes", .. var options] => await Scrapes.RunAsync(BenchOptions.Parse(options)),
        ["keys", .. var options] => await Keys.RunAsync(BenchOptions.Parse(options)),
        ["instances", .. var options] => await Instances.RunAsync(BenchOptions.Parse(options)),
        ["brokers", .. var options] => await Brokers.RunAsync(BenchOptions.Parse(options)),
        ["history", .. var options] => await SettingCost.OfHistoryAsync(BenchOptions.Parse(options)),
        ["headers", .. var options] => await SettingCost.OfHeadersAsync(BenchOptions.Parse(options)),
        ["send-keys", var server, var calls, var keys] => await KeyGenerator.RunAsync(new Uri(server), long.Parse(calls), Enum.Parse<KeyKind>(keys)),
        ["send-closed", var server, var calls, var callers] => await ClosedGenerator.RunAsync(new Uri(server), long.Parse(calls), int.Parse(callers)),
        ["send-at-rate", var server, var rate, var seconds] => await Generator.RunAtRateAsync(new Uri(server), int.Parse(rate), TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture))),
        ["send", var server, var calls, var connections] => await Generator.RunAsync(new Uri(server), long.Parse(calls), int.Parse(connections)),
        _ => BenchOptions.Usage(),
    };
}
catch (FormatException wrong)
{
    Console.Error.WriteLine(wrong.Message);
    return 2;
}
catch (SystemProblemException problem)
{
    Console.Error.WriteLine(string.Join("\n    ", [problem.Message, .. problem.LogLines]));
    return problem.ExitCode;
}

static int Compare(string before, string now)
{
    var comparison = Comparison.Of(BenchResult.FromFile(before), BenchResult.FromFile(now));
    Console.Out.WriteLine(comparison.ToMarkdown());
    return comparison.IsWorse ? 1 : 0;
}
