using System.Text.Json.Serialization.Metadata;

namespace Tally.AppHost.Commands.Output;

/// <summary>Where a command says what it found: one answer on standard output, all else on standard error.</summary>
internal abstract class CommandOutput(Terminal terminal)
{
    public Terminal Terminal { get; } = terminal;

    /// <summary>The answer, as an object for programs or as text for people; only one of them is used.</summary>
    public abstract void Answer<T>(T answer, JsonTypeInfo<T> shape, Action<TextAnswer> text);

    /// <summary>Why there is no answer.</summary>
    public void Failure(CommandException failure)
    {
        foreach (var line in failure.LogLines)
        {
            Note($"  {line}");
        }

        WriteFailure(failure);
    }

    /// <summary>Anything that isn't the answer: progress, warnings.</summary>
    public void Note(string line) => Terminal.Error.WriteLine(Terminal.IsErrorTerminal ? $"{StatusLine.ToLineStart}{line}" : line);

    protected abstract void WriteFailure(CommandException failure);

    public static CommandOutput For(Terminal terminal, bool json) => json ? new JsonOutput(terminal) : new TextOutput(terminal);
}
