namespace Tally.AppHost.Commands.Output;

/// <summary>One line on standard error that says how far something is: written over on a terminal, written seldom elsewhere.</summary>
internal sealed class StatusLine(Terminal terminal, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(1);

    /// <summary>Back to the beginning of an empty line.</summary>
    public const string ToLineStart = "\r\e[2K";

    private long? _lastPlain;

    /// <summary>How often it's worth calling <see cref="Show"/>.</summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromMilliseconds(200);

    public void Show(string text)
    {
        if (terminal.IsErrorTerminal)
        {
            terminal.Error.Write(ToLineStart + text);
        }
        else if (_lastPlain is not { } last || time.GetElapsedTime(last) >= PlainInterval)
        {
            _lastPlain = time.GetTimestamp();
            terminal.Error.WriteLine(text);
        }
    }

    /// <summary>Makes room for other lines.</summary>
    public void Dispose()
    {
        if (terminal.IsErrorTerminal)
        {
            terminal.Error.Write(ToLineStart);
        }
    }
}
