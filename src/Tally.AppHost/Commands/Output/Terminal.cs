namespace Tally.AppHost.Commands.Output;

/// <summary>What a command reads from and writes to.</summary>
/// <param name="In">Standard input; asked for when something is read, since opening it prepares the terminal for that.</param>
/// <param name="Out">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record Terminal(Func<TextReader> In, TextWriter Out, TextWriter Error)
{
    /// <summary>Whether standard output is a terminal, so that tables may be drawn.</summary>
    public bool IsOutTerminal { get; init; }

    /// <summary>Whether standard error is a terminal, so that a line may be written over.</summary>
    public bool IsErrorTerminal { get; init; }

    /// <summary>The process's own.</summary>
    public static Terminal OfProcess() => new(static () => Console.In, Console.Out, TextWriter.Synchronized(Console.Error))
    {
        IsOutTerminal = !Console.IsOutputRedirected,
        IsErrorTerminal = !Console.IsErrorRedirected,
    };
}
