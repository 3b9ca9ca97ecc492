namespace Tally.Inbox.Auditing;

/// <summary>
/// Tells the outbox what is held: at once what is new, and everything once a minute, since the outbox may have forgotten it (its database was restored from a
/// copy), or the shards may have come from another instance. What was told is in memory only; after a crash it is told again.
/// </summary>
internal sealed class Confirmations(string consumer, TimeProvider time)
{
    private static readonly TimeSpan Everything = TimeSpan.FromMinutes(1);

    private HashSet<SourcePlace> _told = [];
    private long? _toldAll;

    public async Task SendAsync<TState>(
        IInboxSource<TState> outbox, Guid system, IReadOnlyList<SourcePlace> held, CancellationToken cancellationToken)
    {
        var isTimeForAll = _toldAll is not { } last || time.GetElapsedTime(last) >= Everything;
        SourcePlace[] news = isTimeForAll ? [.. held] : [.. held.Where(place => !_told.Contains(place))];
        if (news.Length == 0)
        {
            return;
        }

        // Taken before it is sent, so that the next time for all isn't later than meant.
        var now = time.GetTimestamp();
        await outbox.ConfirmAsync(new SourceConfirmation(consumer, system, news), cancellationToken);
        _told = [.. held];
        _toldAll = isTimeForAll ? now : _toldAll;
    }
}
