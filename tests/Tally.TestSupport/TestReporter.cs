using System.Collections.Concurrent;
using Tally.AppHost.Hosting;

namespace Tally.TestSupport;

/// <summary>Keeps what a system reports, for tests to look at.</summary>
public sealed class TestReporter : IStartReporter
{
    private readonly ConcurrentQueue<string> _notices = new();
    private readonly ConcurrentQueue<string> _troubles = new();

    /// <summary>What people should see.</summary>
    public IReadOnlyCollection<string> Notices => _notices;

    /// <summary>Deaths of components, with their last log lines.</summary>
    public IReadOnlyCollection<string> Troubles => _troubles;

    /// <inheritdoc/>
    public void Progress(string component, string text)
    {
    }

    /// <inheritdoc/>
    public void Ready(string component, ComponentState state)
    {
    }

    /// <inheritdoc/>
    public void Notice(string text) => _notices.Enqueue(text);

    /// <inheritdoc/>
    public void Trouble(string component, string text, IReadOnlyList<string> logLines) =>
        _troubles.Enqueue(string.Join('\n', [text, .. logLines]));
}
