using Microsoft.Extensions.Logging;
using Tally.Inbox.Auditing;
using Tally.Inbox.Diagnostics;
using Tally.Inbox.Folding;
using Tally.Inbox.Storage;

namespace Tally.Inbox.Consuming;

/// <summary>What a consume loop works with.</summary>
internal sealed record LoopParts<TState, TEvent>(
    InboxOptions Options,
    InboxHandler<TState, TEvent> Handler,
    Folder<TState, TEvent> Folder,
    FoldCommitter<TState, TEvent> Committer,
    FoldStatements<TState, TEvent> Statements,
    Func<StoredPositions<TState>> ReadPositions,
    InboxMonitor Monitor,
    AuditExchange Exchange,
    TimeProvider Time,
    ILogger Logger);
