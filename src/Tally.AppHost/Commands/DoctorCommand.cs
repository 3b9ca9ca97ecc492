using Tally.AppHost.Commands.Output;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands;

/// <summary><c>doctor</c>: what is missing on this machine, and how to get it.</summary>
internal static class DoctorCommand
{
    public static TallyCommand Create() =>
        new TallyCommand("doctor", "Says what this machine has and lacks for Tally, and how to get it.", "./tally doctor") { RunAsync = RunAsync }
            .Knows(CommonOptions.Json);

    private static async Task<int> RunAsync(CommandCall call)
    {
        var report = await Doctor.ExamineAsync(SystemSettings.FromEnvironment(call.DataFolder), CancellationToken.None);
        call.Output.Answer(AnswerOf(report), Answers.Readable.DoctorAnswer, text => Write(report, text));
        return report.Ok ? ExitCodes.Done : ExitCodes.Failed;
    }

    private static DoctorAnswer AnswerOf(DoctorReport report) => new(
        report.Ok,
        [.. report.Tools.Select(tool => new ToolAnswer(
            tool.Name, tool.Found, tool.Required, tool.Version, tool.Where, tool.NeededFor, tool.Found ? null : tool.HowToGet))],
        new CacheAnswer(report.CacheFolder, report.CacheBytes));

    private static void Write(DoctorReport report, TextAnswer text)
    {
        var table = new TextTable(new Column("tool"), new Column("found"), new Column("version"), new Column("where"), new Column("needed for"));
        foreach (var tool in report.Tools)
        {
            table.Add(tool.Name, tool.Found ? "yes" : tool.Required ? "NO" : "no", tool.Version ?? "", tool.Where ?? "", tool.NeededFor);
        }

        text.Table(table);
        foreach (var tool in report.Tools.Where(tool => !tool.Found))
        {
            text.Line($"{tool.Name} is missing{(tool.Required ? "" : " (Tally works without it)")}: {tool.HowToGet}");
        }

        text.Line($"cache {report.CacheFolder}: {report.CacheBytes / 1_048_576.0:N0} MB");
        text.Line(report.Ok ? "Everything that Tally needs is here." : "Something that Tally needs is missing.");
    }
}
