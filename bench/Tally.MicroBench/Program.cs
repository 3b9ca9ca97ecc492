using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Order;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Tally.MicroBench;

// Standard output carries the Markdown alone; everything else goes to standard error. Without arguments all of them run; else it's BenchmarkDotNet's own options.
// In this process, not in a project of its own per run, which is how BenchmarkDotNet works otherwise: building that takes minutes under this repository's rules.
await using var told = new StreamWriter(Console.OpenStandardError()) { AutoFlush = true };
await using var result = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
var config = ManualConfig.CreateEmpty()
    .AddJob(Job.ShortRun.WithIterationCount(6).WithToolchain(InProcessEmitToolchain.Instance))
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddColumnProvider(DefaultColumnProviders.Instance)
    .HideColumns(Column.StdDev, Column.Median, Column.Gen0, Column.Gen1)
    .WithOrderer(new DefaultOrderer(SummaryOrderPolicy.Declared))
    .WithSummaryStyle(SummaryStyle.Default.WithMaxParameterColumnWidth(40))
    .AddLogger(new StreamLogger(told))
    .WithOptions(ConfigOptions.JoinSummary)
    .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "tally-micro-bench"));
var summaries = BenchmarkSwitcher.FromAssembly(typeof(Amounts).Assembly).Run(args is [] ? ["--filter", "*"] : args, config).ToArray();
foreach (var summary in summaries)
{
    MarkdownExporter.GitHub.ExportToLog(summary, new StreamLogger(result));
}

return summaries.Length > 0 && summaries.All(static summary => summary.BenchmarksCases.Length > 0 && summary.Reports.All(static report => report.Success)) ? 0 : 1;
