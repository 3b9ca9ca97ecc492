using Confluent.Kafka;

namespace Tally;

/// <summary>
/// Gives a client its bootstrap servers again when all its brokers are gone. librdkafka (2.15) does that by itself, except when the cluster says that it has no broker
/// at all, as one does whose only broker stood still for some seconds and was fenced: the answer that removes the last broker also stops what its removal
/// began, and from then on the client knows no broker, and looks for none. For one thread.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="servers">The bootstrap servers.</param>
internal sealed class Rebootstrap(TimeProvider time, string servers)
{
    // librdkafka keeps each list that it is given, so it's given one when brokers go away, and not another as long as they stay away. It says that they do
    // with each attempt to connect (`reconnect.backoff.max.ms` is 10 s, `socket.connection.setup.timeout.ms` 30 s).
    private static readonly TimeSpan Calm = TimeSpan.FromMinutes(1);

    private long? _heardAt;

    /// <summary>The client says that none of its brokers can be reached.</summary>
    public void OnAllDown(IClient client)
    {
        var isNews = _heardAt is not { } at || time.GetElapsedTime(at) >= Calm;
        _heardAt = time.GetTimestamp();
        if (isNews)
        {
            client.AddBrokers(servers);
        }
    }
}
