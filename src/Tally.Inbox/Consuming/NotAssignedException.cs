namespace Tally.Inbox.Consuming;

/// <summary>The group gave this consumer no answer, or librdkafka waits for one that never comes. The loop ends, and is made again.</summary>
internal sealed class NotAssignedException(TimeSpan waited)
    : Exception($"No partitions were assigned, nor was it said that there are none, for {waited.TotalSeconds:0} s.");
