namespace Tally.Inbox.Consuming;

/// <summary>
/// This consumer is of no more use, and a new one is. One that lived through another topic of the same name remembers the old one's leader epochs: it takes the
/// new topic's for outdated, and reads nothing, silently (tried: a broker that was restarted, and then wiped).
/// </summary>
internal sealed class NewConsumerException(string message) : Exception(message);
