namespace Tally.Inbox.Consuming;

/// <summary>The topic is set so that consuming it would be wrong. The loop ends, and is made again once that has changed.</summary>
internal sealed class TopicRefusedException(string reason) : Exception(reason);
