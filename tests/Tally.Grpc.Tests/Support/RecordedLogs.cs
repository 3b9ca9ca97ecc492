using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Tally.Grpc.Tests.Support;

/// <summary>Keeps what is logged, for tests to look at.</summary>
public sealed class RecordedLogs : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<Entry> _entries = [];
    private readonly Channel<Entry> _coming = Channel.CreateUnbounded<Entry>();

    public IReadOnlyCollection<Entry> Entries => _entries;

    /// <summary>Waits for such an entry.</summary>
    public async Task<Entry> FirstAsync(Func<Entry, bool> predicate) => await _coming.Reader.ReadAllAsync().FirstAsync(predicate);

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var entry = new Entry(logLevel, eventId.Id, formatter(state, exception), exception);
        _entries.Enqueue(entry);
        _coming.Writer.TryWrite(entry);
    }

    public void Dispose()
    {
    }

    public sealed record Entry(LogLevel Level, int Id, string Message, Exception? Exception);
}
