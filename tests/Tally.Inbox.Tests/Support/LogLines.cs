using Microsoft.Extensions.Logging;

namespace Tally.Inbox.Tests.Support;

/// <summary>Keeps what is logged.</summary>
internal sealed class LogLines : ILogger
{
    public List<string> Lines { get; } = [];

    public IDisposable? BeginScope<TScope>(TScope state)
        where TScope : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TLine>(LogLevel logLevel, EventId eventId, TLine state, Exception? exception, Func<TLine, Exception?, string> formatter) =>
        Lines.Add(formatter(state, exception));
}
