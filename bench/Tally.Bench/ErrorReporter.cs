using Tally.AppHost.Hosting;

namespace Tally.Bench;

/// <summary>What the system says while it starts, on standard error.</summary>
internal sealed class ErrorReporter : IStartReporter
{
    public void Progress(string component, string text) => Console.Error.WriteLine($"{component}: {text}");

    public void Ready(string component, ComponentState state) => Console.Error.WriteLine($"{component}: ready");

    public void Notice(string text) => Console.Error.WriteLine(text);

    public void Trouble(string component, string text, IReadOnlyList<string> logLines) =>
        Console.Error.WriteLine($"{component}: {text}{string.Concat(logLines.Select(line => "\n    " + line))}");
}
