namespace Tally.Inbox;

/// <summary>The sending side can't be asked now. What needs it is tried again later.</summary>
/// <param name="message">Who was asked, and what became of it.</param>
/// <param name="inner">The last failure, if any.</param>
public sealed class InboxSourceException(string message, Exception? inner = null) : Exception(message, inner);
