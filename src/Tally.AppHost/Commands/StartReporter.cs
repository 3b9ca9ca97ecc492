using Tally.AppHost.Commands.Output;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands;

/// <summary>Says on standard error what a system does.</summary>
internal sealed class StartReporter(CommandOutput output) : IStartReporter
{
    public void Progress(string component, string text) => output.Note($"{component}: {text}");

    public void Ready(string component, ComponentState state) =>
        output.Note($"{component}: {(state.Pid is { } pid ? $"pid {pid}, " : "")}ready{At(state)}");

    public void Notice(string text) => output.Note(text);

    public void Trouble(string component, string text, IReadOnlyList<string> logLines)
    {
        output.Note(text);
        foreach (var line in logLines)
        {
            output.Note($"  {line}");
        }
    }

    private static string At(ComponentState state) =>
        state.Endpoints.Count == 0 ? "" : $" at {string.Join(' ', state.Endpoints.Values)}";
}
