namespace Tally.AppHost.Hosting;

/// <summary>Parts of a system.</summary>
[Flags]
public enum SystemParts
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>PostgreSQL with the two databases.</summary>
    Postgres = 1,

    /// <summary>Kafka with the topic, and librdkafka.</summary>
    Kafka = 2,

    /// <summary>The Calculator and Totals.</summary>
    Services = 4,

    /// <summary>Prometheus, where it is on the path.</summary>
    Prometheus = 8,

    /// <summary>Grafana, where it is found; it shows what Prometheus has.</summary>
    Grafana = 16,

    /// <summary>The whole system.</summary>
    All = Postgres | Kafka | Services | Prometheus | Grafana,
}
